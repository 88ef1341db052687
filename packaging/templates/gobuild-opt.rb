class GobuildOpt < Formula
  desc "@DESCRIPTION@"
  homepage "@ADDRESS@"
  version "@VERSION@"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    on_arm do
      url "@DOWNLOAD@/gobuild-opt-aarch64-apple-darwin.tar.gz"
      sha256 "@SHA256_DARWIN_ARM64@"
    end
    on_intel do
      url "@DOWNLOAD@/gobuild-opt-x86_64-apple-darwin.tar.gz"
      sha256 "@SHA256_DARWIN_AMD64@"
    end
  end

  on_linux do
    on_arm do
      url "@DOWNLOAD@/gobuild-opt-aarch64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256_LINUX_ARM64@"
    end
    on_intel do
      url "@DOWNLOAD@/gobuild-opt-x86_64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256_LINUX_AMD64@"
    end
  end

  def install
    bin.install "gobuild-opt"
    generate_completions_from_executable(bin/"gobuild-opt", "completions")
    (man1/"gobuild-opt.1").write Utils.safe_popen_read(bin/"gobuild-opt", "man")
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/gobuild-opt --version")
  end
end
