//! Decisions per second of a policy with 100 grants, where the last of them allows, and where none does.

#![expect(clippy::expect_used, reason = "a benchmark that cannot be set up has nothing to measure")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use innkeeper_policy::{Effect, ObjectKey, Operation, Policy, S3Operation, Source, Statement};
use toml::Spanned;

#[derive(serde::Deserialize)]
struct Guest {
    allow: Vec<Spanned<Statement>>,
}

fn policy() -> Policy {
    let statement = |index| {
        format!(
            "[[allow]]\nactions = [\"s3:GetObject\"]\nresources = [\"arn:aws:s3:::uploads/tenant-{index:03}/*\"]\n"
        )
    };
    let source = Source::new("innkeeper.toml", (0..100).map(statement).collect::<String>());
    let guest: Guest = toml::from_str(source.text()).expect("the manifest is TOML");
    let mut builder = Policy::builder("guest");
    for statement in &guest.allow {
        builder.statement(Effect::Allow, statement, &source);
    }
    builder.build().expect("the manifest is right")
}

fn decide(criterion: &mut Criterion) {
    let policy = policy();
    let bucket = "arn:aws:s3:::uploads".parse().expect("the name is right");
    let mut group = criterion.benchmark_group("100 grants");
    group.throughput(Throughput::Elements(1));
    for (name, key) in [("the last allows", "tenant-099/a.jpg"), ("none allows", "tenant-100/a.jpg")] {
        let key = ObjectKey::new(key).expect("the key is right");
        let operation = Operation::from(S3Operation::GetObject { bucket: &bucket, key: &key, version: None });
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                black_box(&operation).requests().all(|request| policy.decide(&request).is_allowed())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, decide);
criterion_main!(benches);
