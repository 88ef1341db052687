//! The presets that come with the program: a name in, TOML text out.

/// A preset as it stands in `presets/`.
pub struct Preset {
    /// What `preset = "..."` calls it.
    pub name: &'static str,
    /// The TOML text, reasons in its comments.
    pub text: &'static str,
}

/// The bottom layer and the reference: every key with its default.
pub(crate) const DEFAULT: Preset = Preset {
    name: "default",
    text: include_str!("../../presets/default.toml"),
};

/// Every preset that can be named; a new one is a file and a line here.
pub const ALL: &[Preset] = &[
    Preset {
        name: "release",
        text: include_str!("../../presets/release.toml"),
    },
    Preset {
        name: "service",
        text: include_str!("../../presets/service.toml"),
    },
    Preset {
        name: "cli",
        text: include_str!("../../presets/cli.toml"),
    },
    Preset {
        name: "container",
        text: include_str!("../../presets/container.toml"),
    },
    Preset {
        name: "size",
        text: include_str!("../../presets/size.toml"),
    },
];

/// The preset of that name.
pub fn find(name: &str) -> Option<&'static Preset> {
    std::iter::once(&DEFAULT)
        .chain(ALL)
        .find(|preset| preset.name == name)
}

impl Preset {
    /// The comment at the top of the file, as one line.
    pub fn summary(&self) -> String {
        let comment = self.text.lines().map_while(|line| line.strip_prefix('#'));
        comment.map(str::trim).collect::<Vec<_>>().join(" ")
    }
}
