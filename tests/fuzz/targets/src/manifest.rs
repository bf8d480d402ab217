//! Manifests.

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use innkeeper::Manifest;
use innkeeper::policy::Source;

/// Reads a manifest. What is wrong with it is said, with its place, without panicking; what is read shows no more than its file.
pub fn manifest(text: &str) {
    let folder = Dir::open_ambient_dir(".", ambient_authority()).expect("the current folder");
    match Manifest::parse(Source::new("innkeeper.toml", text), folder) {
        Ok(manifest) => {
            for name in manifest.guest_names() {
                let guest = manifest.guest(name).expect("it has the guests that it names");
                assert!(guest.component.is_relative(), "`{name}` has a component outside of the folder");
                assert!(!guest.limits.timeout.is_zero() && guest.limits.memory > 0);
            }
        }
        Err(wrong) => {
            let shown = wrong.to_string();
            assert!(shown.starts_with("innkeeper.toml:"), "no place: {shown}");
        }
    }
}
