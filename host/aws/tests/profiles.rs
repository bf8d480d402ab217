//! The shared configuration files, as cases: `profiles/CASE` has an environment (`env`), the files (`config`,
//! `credentials`, and whatever else is in `home`), and what comes of them (`expected`).
//!
//! `IDENTITY` in `env` names a profile; without it the default chain is taken. In `expected` stand the region, what AWS
//! was asked in order to have credentials, and the access key or the error.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use innkeeper_aws::{ClientFactory, Environment, Filter, Identity, Scope};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use support::{Answer, Asked, Aws, Clock};

const HOME: &str = "/home/ada";

struct Case {
    variables: Vec<(String, String)>,
    identity: Identity,
    files: Vec<(String, Vec<u8>)>,
}

impl Case {
    fn read(folder: &Path) -> Self {
        let mut identity = Identity::DefaultChain;
        let mut variables =
            vec![("HOME".to_owned(), HOME.to_owned()), ("PATH".to_owned(), "/usr/bin:/bin".to_owned())];
        for line in std::fs::read_to_string(folder.join("env")).unwrap_or_default().lines() {
            match line.split_once('=').unwrap() {
                ("IDENTITY", profile) => identity = Identity::Profile(profile.to_owned()),
                (name, value) => variables.push((name.to_owned(), value.to_owned())),
            }
        }
        let mut files = Vec::new();
        for name in ["config", "credentials"] {
            if let Ok(content) = std::fs::read(folder.join(name)) {
                files.push((format!("{HOME}/.aws/{name}"), content));
            }
        }
        let home = folder.join("home");
        let mut folders = vec![home.clone()];
        while let Some(folder) = folders.pop() {
            for entry in folder.read_dir().into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let place = Path::new(HOME).join(path.strip_prefix(&home).unwrap());
                    files.push((place.to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()));
                }
            }
        }
        Self { variables, identity, files }
    }

    fn start(self) -> (Aws, ClientFactory, Scope) {
        let clock = Clock::new();
        let aws = Aws::new(clock.clone());
        aws.respond(sso);
        let factory = ClientFactory::builder()
            .http_client(aws.clone())
            .time_source(clock)
            .environment(Environment::fixed(self.variables, self.files))
            .build()
            .unwrap();
        (aws, factory, Scope::builder().identity(self.identity).build().unwrap())
    }

    async fn outcome(self) -> String {
        let (aws, factory, scope) = self.start();
        let mut outcome = String::new();
        if let Ok(region) = factory.region(&scope).await {
            writeln!(outcome, "region {region}").unwrap();
        }
        let called = match factory.s3(&scope).await {
            Ok(s3) => {
                s3.put_object().bucket("bucket").key("key").send().await.map_err(|error| format!("{error:?}"))
            }
            Err(error) => Err(error.display_chain().to_string()),
        };
        for asked in aws.asked() {
            writeln!(outcome, "{}", shown(&asked)).unwrap();
        }
        if let Err(error) = called {
            writeln!(outcome, "error {error}").unwrap();
        }
        outcome
    }
}

/// One line for a request, with what matters about it.
fn shown(asked: &Asked) -> String {
    let mut line = format!("{} {}://{}{}", asked.method, asked.scheme, asked.host, asked.path);
    for name in ["Action", "RoleArn", "ExternalId", "RoleSessionName", "DurationSeconds", "WebIdentityToken"]
    {
        if let Some(value) = asked.parameter(name) {
            write!(line, " {name}={value}").unwrap();
        }
    }
    if !asked.query.is_empty() && asked.host.contains("sso") {
        write!(line, " ?{}", asked.query).unwrap();
    }
    if let Some(token) = asked.headers.get("x-amz-sso_bearer_token") {
        write!(line, " token={token}").unwrap();
    }
    match asked.signed_with() {
        Some(key) => write!(line, " signed with {key}").unwrap(),
        None => line.push_str(" unsigned"),
    }
    line
}

fn sso(asked: &Asked) -> Option<Answer> {
    match asked.path.as_str() {
        "/federation/credentials"
            if asked.headers.get("x-amz-sso_bearer_token").is_some_and(|token| token == "REVOKED") =>
        {
            let headers = vec![("x-amzn-errortype", "UnauthorizedException".to_owned())];
            Some(Answer::Http {
                status: 401,
                headers,
                body: r#"{"message":"Session token not found"}"#.into(),
            })
        }
        // Until 2027.
        "/federation/credentials" => Some(Answer::ok(
            r#"{"roleCredentials":{"accessKeyId":"ASIASSO","secretAccessKey":"s","sessionToken":"t",
                "expiration":1798761600000}}"#,
        )),
        "/token" => Some(Answer::ok(r#"{"accessToken":"RENEWED","expiresIn":3600,"refreshToken":"NEXT"}"#)),
        _ => None,
    }
}

#[tokio::test]
async fn every_case_has_its_expected_outcome() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/profiles");
    let mut folders: Vec<PathBuf> = cases.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert!(folders.len() >= 30, "the cases are missing");
    let mut failures = String::new();
    for folder in folders {
        let expected = std::fs::read_to_string(folder.join("expected")).unwrap_or_default();
        let outcome = Case::read(&folder).outcome().await;
        if outcome != expected {
            let name = folder.file_name().unwrap().display().to_string();
            writeln!(failures, "== {name}\n-- expected\n{expected}-- outcome\n{outcome}").unwrap();
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[tokio::test]
async fn a_renewed_log_in_is_written_back_and_not_renewed_again() {
    let case = Case::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/profiles/sso-renewed"));
    let (aws, factory, scope) = case.start();
    for loads in 1..=3 {
        factory.s3(&scope).await.unwrap();
        factory.clear(&Filter::All);
        assert_eq!(aws.count(|asked| asked.path == "/federation/credentials"), loads);
        assert_eq!(aws.last().headers.get("x-amz-sso_bearer_token").unwrap(), "RENEWED");
    }
    assert_eq!(aws.count(|asked| asked.path == "/token"), 1);
}
