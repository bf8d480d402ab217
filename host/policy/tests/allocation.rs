//! A decision on the allowed path allocates nothing.

#![expect(unsafe_code, reason = "only a global allocator sees every allocation, and its trait is unsafe")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

use innkeeper_policy::{Decision, Effect, ObjectKey, Operation, Policy, S3Operation, Source, Statement};
use toml::Spanned;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is handed to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_decision_on_the_allowed_path_allocates_nothing() {
    #[derive(serde::Deserialize)]
    struct Guest {
        allow: Vec<Spanned<Statement>>,
    }
    let statement = |index| {
        format!(
            "[[allow]]\nactions = [\"s3:Get*\"]\nresources = [\"arn:aws:s3:::bucket-{index}/*\"]\n\
             [[allow]]\nactions = [\"s3:ListBucket\"]\nresources = [\"arn:aws:s3:::bucket-{index}*\"]\n\
             condition.StringLike.\"s3:prefix\" = \"incoming/*\"\n"
        )
    };
    let source = Source::new("innkeeper.toml", (0..100).map(statement).collect::<String>());
    let guest: Guest = toml::from_str(source.text()).unwrap();
    let mut builder = Policy::builder("guest");
    for statement in &guest.allow {
        builder.statement(Effect::Allow, statement, &source);
    }
    let policy = builder.build().unwrap();

    let bucket = "arn:aws:s3:::bucket-99".parse().unwrap();
    let key = ObjectKey::new("incoming/a.jpg").unwrap();
    let operations = [
        Operation::from(S3Operation::GetObject { bucket: &bucket, key: &key, version: None }),
        Operation::from(S3Operation::ListObjects {
            bucket: &bucket,
            prefix: Some("incoming/"),
            delimiter: None,
            max_keys: Some(1000),
        }),
    ];
    let before = ALLOCATIONS.get();
    let allowed = operations
        .iter()
        .flat_map(Operation::requests)
        .filter(|request| matches!(policy.decide(request), Decision::Allow(_)))
        .count();
    assert_eq!(ALLOCATIONS.get(), before);
    assert_eq!(allowed, 2);
    drop(Box::new(0));
    assert!(ALLOCATIONS.get() > before, "the counter counts");
}
