//! Where CI says that a pull request goes: the variables of each service.

/// The place where a pull request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Base {
    /// A branch of the remote `origin`.
    Branch(String),
    /// A commit.
    Commit(String),
    /// This variable says that it is a pull request, and none says where it goes.
    Unnamed(&'static str),
}

impl Base {
    /// What git finds it by, and its name for people; the variable where there is none.
    pub(super) fn revision(self) -> Result<(String, String), &'static str> {
        match self {
            Self::Branch(name) => Ok((
                format!("refs/remotes/origin/{name}"),
                format!("origin/{name}"),
            )),
            Self::Commit(hash) => Ok((hash.clone(), hash)),
            Self::Unnamed(variable) => Err(variable),
        }
    }
}

/// One way by which a service names the place.
struct Way {
    /// The variable that names it; `None` where the service has none.
    base: Option<&'static str>,
    /// Whether it is a commit; else a branch, with or without `refs/heads/`.
    commit: bool,
    /// The variable that says that this is a pull request, where `base` is set without one, too. Empty and `false` mean no.
    only_with: Option<&'static str>,
}

const fn branch(base: &'static str) -> Way {
    Way {
        base: Some(base),
        commit: false,
        only_with: None,
    }
}

const fn branch_with(base: &'static str, pull_request: &'static str) -> Way {
    Way {
        base: Some(base),
        commit: false,
        only_with: Some(pull_request),
    }
}

const fn commit(base: &'static str) -> Way {
    Way {
        base: Some(base),
        commit: true,
        only_with: None,
    }
}

/// By each service's page on its variables.
const WAYS: &[Way] = &[
    // GitHub Actions, Gitea, Forgejo.
    branch("GITHUB_BASE_REF"),
    // GitLab.
    commit("CI_MERGE_REQUEST_DIFF_BASE_SHA"),
    branch("CI_MERGE_REQUEST_TARGET_BRANCH_NAME"),
    // Azure Pipelines.
    branch("SYSTEM_PULLREQUEST_TARGETBRANCH"),
    // Bitbucket Pipelines.
    branch("BITBUCKET_PR_DESTINATION_BRANCH"),
    // Buildkite.
    branch("BUILDKITE_PULL_REQUEST_BASE_BRANCH"),
    // Jenkins, multibranch.
    branch("CHANGE_TARGET"),
    // AWS CodeBuild.
    branch("CODEBUILD_WEBHOOK_BASE_REF"),
    // Bitrise.
    branch("BITRISEIO_GIT_BRANCH_DEST"),
    // Cirrus CI.
    Way {
        base: Some("CIRRUS_BASE_SHA"),
        commit: true,
        only_with: Some("CIRRUS_PR"),
    },
    // Prow.
    Way {
        base: Some("PULL_BASE_SHA"),
        commit: true,
        only_with: Some("PULL_NUMBER"),
    },
    // Drone, Woodpecker.
    branch_with("DRONE_TARGET_BRANCH", "DRONE_PULL_REQUEST"),
    branch_with("CI_COMMIT_TARGET_BRANCH", "CI_COMMIT_PULL_REQUEST"),
    // Travis CI.
    branch_with("TRAVIS_BRANCH", "TRAVIS_PULL_REQUEST"),
    // AppVeyor.
    branch_with("APPVEYOR_REPO_BRANCH", "APPVEYOR_PULL_REQUEST_NUMBER"),
    // Semaphore.
    branch_with("SEMAPHORE_GIT_BRANCH", "SEMAPHORE_GIT_PR_NUMBER"),
    // CircleCI names the pull request alone.
    Way {
        base: None,
        commit: false,
        only_with: Some("CIRCLE_PULL_REQUEST"),
    },
];

/// The place, by the values of variables. `None` where nobody says that this is a pull request.
pub(super) fn base(variable: impl Fn(&str) -> Option<String>) -> Option<Base> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty() && value != "false");
    let is_asked = |way: &&Way| way.only_with.is_none_or(|name| set(name).is_some());
    let named = WAYS.iter().filter(is_asked).find_map(|way| {
        let value = set(way.base?)?;
        Some(match way.commit {
            true => Base::Commit(value),
            false => Base::Branch(value.trim_start_matches("refs/heads/").to_owned()),
        })
    });
    let unnamed = || {
        let mut said = WAYS.iter().filter_map(|way| way.only_with);
        said.find(|name| set(name).is_some()).map(Base::Unnamed)
    };
    named.or_else(unnamed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(set: &[(&str, &str)]) -> Option<Base> {
        let value = |name: &str| {
            let found = set.iter().find(|(set, _)| *set == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        base(value)
    }

    #[test]
    fn each_service_names_the_branch() {
        let all = [
            ("GITHUB_BASE_REF", "main", ""),
            ("CI_MERGE_REQUEST_DIFF_BASE_SHA", "abc", ""),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main", ""),
            ("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main", ""),
            ("BITBUCKET_PR_DESTINATION_BRANCH", "main", ""),
            ("BUILDKITE_PULL_REQUEST_BASE_BRANCH", "main", ""),
            ("CHANGE_TARGET", "main", ""),
            ("CODEBUILD_WEBHOOK_BASE_REF", "refs/heads/main", ""),
            ("BITRISEIO_GIT_BRANCH_DEST", "main", ""),
            ("CIRRUS_BASE_SHA", "abc", "CIRRUS_PR"),
            ("PULL_BASE_SHA", "abc", "PULL_NUMBER"),
            ("DRONE_TARGET_BRANCH", "main", "DRONE_PULL_REQUEST"),
            ("CI_COMMIT_TARGET_BRANCH", "main", "CI_COMMIT_PULL_REQUEST"),
            ("TRAVIS_BRANCH", "main", "TRAVIS_PULL_REQUEST"),
            (
                "APPVEYOR_REPO_BRANCH",
                "main",
                "APPVEYOR_PULL_REQUEST_NUMBER",
            ),
            ("SEMAPHORE_GIT_BRANCH", "main", "SEMAPHORE_GIT_PR_NUMBER"),
        ];
        for (name, value, pull_request) in all {
            let place = match value {
                "abc" => Base::Commit("abc".into()),
                _ => Base::Branch("main".into()),
            };
            let set = [(name, value), (pull_request, "7")];
            assert_eq!(by(&set), Some(place), "{set:?}");
        }
        // The last one names none.
        assert_eq!(all.len(), WAYS.len() - 1);
    }

    #[test]
    fn a_push_is_no_pull_request() {
        for set in [
            &[] as &[_],
            &[("GITHUB_BASE_REF", "")],
            &[("BUILDKITE_PULL_REQUEST_BASE_BRANCH", "")],
            &[("DRONE_TARGET_BRANCH", "main")],
            &[("TRAVIS_BRANCH", "main"), ("TRAVIS_PULL_REQUEST", "false")],
            &[("PULL_BASE_SHA", "abc")],
            &[("CIRRUS_PR", "")],
        ] {
            assert_eq!(by(set), None, "{set:?}");
        }
    }

    #[test]
    fn a_service_that_names_no_branch_is_not_silent() {
        let set = [("CIRCLE_PULL_REQUEST", "https://example.com/pull/7")];
        assert_eq!(by(&set), Some(Base::Unnamed("CIRCLE_PULL_REQUEST")));
        let set = [("PULL_NUMBER", "7")];
        assert_eq!(by(&set), Some(Base::Unnamed("PULL_NUMBER")));
    }
}
