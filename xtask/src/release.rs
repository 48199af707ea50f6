//! `release`: whether a commit can be released, and the program as users download
//! it. Nothing is published: the check prints the commands that do.

use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::Path;
use std::process::Command;

use clap::Args;
use spec_tools::diff::Version;

use crate::bump::{ADAPTER, CHANGES};
use crate::packages::{self, PUBLISHED};
use crate::semver::{self, MANIFEST, manifest_version};
use crate::{Ending, Failure, Outcome, cargo, git, read, shown, sync_dir};

/// The folder of the files that users download, relative to the workspace root.
const OUTPUT: &str = "target/release-files";

/// The version of cargo-cyclonedx, which writes the bill of materials.
const CYCLONEDX: &str = "0.5.9";

/// Which half of a release to do.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct Arguments {
    /// Build `skypay` for this system instead, as an archive with its SBOM below
    /// target/release-files (installs cargo-cyclonedx)
    #[arg(long)]
    pub program: bool,
}

/// `release`: checks a commit and prints how it is published, or builds the program.
///
/// # Errors
///
/// The commit cannot be released, or a program of the build fails.
pub fn run(root: &Path, arguments: Arguments) -> Outcome {
    if arguments.program {
        return program(root);
    }
    shown(report(root)?)?;
    packages::run(root)?;
    println!("{}", steps(version(root)?));
    Ok(())
}

/// Checks everything but the packages: that all is committed, the changelog, the
/// tag, and whether the versions are high enough since the last release.
pub fn report(root: &Path) -> Result<(String, Ending), String> {
    let version = version(root)?;
    let findings: Vec<_> = [
        uncommitted(root)?,
        undated(&read(root, CHANGES)?, version),
        adapter(&read(root, ADAPTER)?, version),
        undeclared(&read(root, "README.md")?, version),
        mistagged(root, version)?,
    ]
    .into_iter()
    .flatten()
    .collect();
    let (mut text, mut ending) = match released_before(root, version)? {
        Some(tag) => semver::report(
            root,
            &semver::Arguments {
                against: Some(tag),
                check: true,
            },
        )?,
        None => (
            format!("{version} is the first release: there is none to compare it with.\n"),
            Ending::Clean,
        ),
    };
    for finding in &findings {
        text.push_str(&format!("{finding}\n"));
        ending = Ending::Findings;
    }
    Ok((text, ending))
}

fn version(root: &Path) -> Result<Version, String> {
    Ok(manifest_version(&read(root, MANIFEST)?, MANIFEST)?.0)
}

/// What is released is what is committed.
fn uncommitted(root: &Path) -> Result<Option<String>, String> {
    let status = git::ask(root, &["status", "--porcelain"])?.unwrap_or_default();
    Ok((!status.is_empty()).then(|| format!("not committed:\n{status}")))
}

/// The first section of the changelog is about this version and has the date.
fn undated(changes: &str, version: Version) -> Option<String> {
    let heading = changes.lines().find_map(|line| line.strip_prefix("## "));
    let heading = heading.unwrap_or_default();
    let date = heading.strip_prefix(&format!("{version}, "));
    let is_date = |text: &str| {
        text.len() == 10
            && text.bytes().enumerate().all(|(index, byte)| match index {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            })
    };
    (!date.is_some_and(is_date)).then(|| {
        format!("{CHANGES} begins with `## {heading}`: it has to be `## {version}, YYYY-MM-DD`")
    })
}

/// The crate outside of the workspace has the same version.
fn adapter(manifest: &str, version: Version) -> Option<String> {
    let line = format!("\nversion = \"{version}\"\n");
    (!manifest.contains(&line)).then(|| format!("{ADAPTER} does not have version {version}"))
}

/// The dependencies that README.md shows are of this version.
fn undeclared(readme: &str, version: Version) -> Option<String> {
    let line = format!("skypay-client = \"{}.{}\"\n", version.major, version.minor);
    (!readme.contains(&line)).then(|| format!("README.md does not show {}", line.trim_end()))
}

/// The tag of this version is not on another commit, and no other version's is here.
fn mistagged(root: &Path, version: Version) -> Result<Option<String>, String> {
    let tag = format!("v{version}");
    let head = git::ask(root, &["rev-parse", "HEAD"])?;
    let commit = format!("refs/tags/{tag}^{{commit}}");
    let tagged = git::ask(root, &["rev-parse", "--verify", "--quiet", &commit])?;
    if tagged.is_some() && tagged != head {
        return Ok(Some(format!("the tag {tag} is on another commit")));
    }
    let here = git::ask(root, &["tag", "--points-at", "HEAD", "--list", "v[0-9]*"])?;
    let here = here.unwrap_or_default();
    let other = here.lines().find(|line| *line != tag);
    Ok(other.map(|other| format!("this commit has the tag {other}, but version {version}")))
}

/// The tag of the last release before this version.
fn released_before(root: &Path, version: Version) -> Result<Option<String>, String> {
    let tag = format!("v{version}");
    let newest_first = "--sort=-version:refname";
    let list = ["tag", "--merged", "HEAD", newest_first, "--list", "v[0-9]*"];
    let tags = git::ask(root, &list)?.unwrap_or_default();
    Ok(tags.lines().find(|line| *line != tag).map(str::to_owned))
}

/// The commands that publish, in order. A crate can be published only after those
/// that it depends on.
fn steps(version: Version) -> String {
    let mut steps = format!(
        "{version} can be released. Nothing has been published; these commands do it, in this order:\n\
         \n\
         git tag --annotate v{version} --message v{version}\n\
         git push origin v{version}\n"
    );
    for name in PUBLISHED {
        steps.push_str(&format!("cargo publish --locked --package {name}\n"));
    }
    steps.push_str(&format!(
        "cargo publish --locked --manifest-path {ADAPTER}\n\
         \n\
         .github/workflows/release.yml then drafts the release with its files."
    ));
    steps
}

/// Builds the program for this system, and packs it with the licences and the bill
/// of materials.
fn program(root: &Path) -> Outcome {
    cargo::cargo(root, "build --release --locked --package skypay-cli")?;
    let name = format!("skypay-{}-{}", version(root)?, host(root)?);
    let output = root.join(OUTPUT);
    let folder = output.join(&name);
    fs::create_dir_all(&folder).map_err(|error| sync_dir::unusable("create", &folder, &error))?;
    let copy = |from: &str, to: &Path| {
        let copied = fs::copy(root.join(from), to);
        copied.map_err(|error| sync_dir::unusable("copy", to, &error))
    };
    let program = format!("skypay{EXE_SUFFIX}");
    copy(&format!("target/release/{program}"), &folder.join(&program))?;
    for file in ["LICENSE-APACHE", "LICENSE-MIT"] {
        copy(file, &folder.join(file))?;
    }
    copy("cli/README.md", &folder.join("README.md"))?;
    let bill = format!("{name}.cdx.json");
    fs::write(folder.join(&bill), bill_of_materials(root)?)
        .and_then(|()| fs::copy(folder.join(&bill), output.join(&bill)))
        .map_err(|error| sync_dir::unusable("write", &output.join(&bill), &error))?;
    let mut tar = Command::new("tar");
    tar.current_dir(&output)
        .args(["-czf", &format!("{name}.tar.gz"), &name]);
    cargo::run(&mut tar)?;
    fs::remove_dir_all(&folder).map_err(|error| sync_dir::unusable("remove", &folder, &error))?;
    println!("wrote {OUTPUT}/{name}.tar.gz and {bill}");
    Ok(())
}

/// Returns the bill of materials of the program, in the format of CycloneDX.
fn bill_of_materials(root: &Path) -> Result<String, Failure> {
    let cyclonedx = cargo::install(root, "cargo-cyclonedx", CYCLONEDX, "")?;
    let mut cyclonedx = cargo::program(cyclonedx, root);
    cyclonedx
        .args(["cyclonedx", "--quiet", "--manifest-path", "cli/Cargo.toml"])
        .args(["--format", "json", "--spec-version", "1.5"])
        .args(["--override-filename", "release-bill.cdx"]);
    cargo::run(&mut cyclonedx)?;
    let bill = read(root, "cli/release-bill.cdx.json")?;
    // It writes one beside the manifest of each member of the workspace.
    let all = ":(glob)**/release-bill.cdx.json";
    git::ask(root, &["clean", "--quiet", "--force", "-d", "--", all])?;
    Ok(bill)
}

/// The system that programs are built for, as Rust names it.
fn host(root: &Path) -> Result<String, String> {
    let output = cargo::command(root, "--version --verbose").output();
    let output = output.map_err(|error| format!("cannot run cargo: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| "cargo does not name its host".to_owned())
}
