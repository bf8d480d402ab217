use pretty_assertions::assert_eq;

use super::*;

fn meters(quota: Quota) -> Meters {
    Meters::new(Quotas { guest: Some(quota), named: BTreeMap::new() })
}

const CALL: Demand = Demand { bytes_out: None, object: ObjectUse::None };

fn put(bytes: u64) -> Demand {
    Demand { bytes_out: Some(bytes), object: ObjectUse::Body }
}

async fn admit(meters: &Meters, usage: &Arc<Usage>, demand: Demand) -> Result<Admission, &'static str> {
    meters.admit(std::iter::empty(), usage, demand, Place::Taken).await.map_err(|exceeded| exceeded.key())
}

fn usage(meters: &Meters) -> Arc<Usage> {
    Arc::new(meters.usage(None))
}

#[tokio::test]
async fn without_a_quota_everything_is_admitted() {
    let meters = Meters::new(Quotas::default());
    let admission = admit(&meters, &usage(&meters), put(u64::MAX)).await.unwrap();
    assert!(admission.tally().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_tasks_that_race_for_one_permit_get_one() {
    let quotas = [
        Quota { rate: Some("1/h".parse().unwrap()), ..Quota::default() },
        Quota { concurrency: NonZeroU32::new(1), ..Quota::default() },
        Quota { calls_per_run: Some(1), ..Quota::default() },
    ];
    for quota in quotas {
        let meters = Arc::new(meters(quota));
        let usage = usage(&meters);
        let barrier = Arc::new(tokio::sync::Barrier::new(10));
        let tasks: Vec<_> = (0..10)
            .map(|_| {
                let (meters, usage, barrier) =
                    (Arc::clone(&meters), Arc::clone(&usage), Arc::clone(&barrier));
                tokio::spawn(async move {
                    barrier.wait().await;
                    admit(&meters, &usage, CALL).await
                })
            })
            .collect();
        let mut admitted = Vec::new();
        for task in tasks {
            admitted.extend(task.await.unwrap());
        }
        assert_eq!(admitted.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_may_wait_waits_until_there_is_room() {
    let meters = meters(Quota {
        rate: Some("10/s burst 1".parse().unwrap()),
        on_excess: OnExcess::Wait,
        ..Quota::default()
    });
    let (usage, start) = (usage(&meters), Instant::now());
    for _ in 0..11 {
        admit(&meters, &usage, CALL).await.unwrap();
    }
    assert_eq!(start.elapsed().as_millis(), 1_000);
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_end_of_the_run_is_refused_at_once() {
    let meters =
        meters(Quota { rate: Some("1/h".parse().unwrap()), on_excess: OnExcess::Wait, ..Quota::default() });
    let (usage, start) = (Arc::new(meters.usage(Some(Duration::from_secs(30)))), Instant::now());
    admit(&meters, &usage, CALL).await.unwrap();
    assert_eq!(admit(&meters, &usage, CALL).await.unwrap_err(), "rate");
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_for_another_goes_on_when_it_is_over() {
    let meters = Arc::new(meters(Quota {
        concurrency: NonZeroU32::new(1),
        on_excess: OnExcess::Wait,
        ..Quota::default()
    }));
    let usage = usage(&meters);
    let first = admit(&meters, &usage, CALL).await.unwrap();
    // What counts the call outlives it in the SDK, and holds up nobody.
    let tally = first.tally();
    let second = tokio::spawn({
        let (meters, usage) = (Arc::clone(&meters), Arc::clone(&usage));
        async move { admit(&meters, &usage, CALL).await.map(drop) }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!second.is_finished());
    drop(first);
    second.await.unwrap().unwrap();
    drop(tally);
}

#[tokio::test(start_paused = true)]
async fn what_is_per_run_begins_anew_with_the_next_run() {
    let meters = meters(Quota { calls_per_run: Some(2), bytes_per_run: Some(10), ..Quota::default() });
    for _ in 0..2 {
        let usage = usage(&meters);
        let first = admit(&meters, &usage, put(6)).await.unwrap();
        assert_eq!(admit(&meters, &usage, put(6)).await.unwrap_err(), "bytes-per-run");
        let tally = first.tally().unwrap();
        assert_eq!(tally.receive(5).unwrap_err().key(), "bytes-per-run");
        tally.receive(4).unwrap();
        admit(&meters, &usage, put(0)).await.unwrap();
        assert_eq!(
            admit(&meters, &usage, put(0)).await.unwrap_err(),
            "calls-per-run",
            "a refused call is not counted"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn retries_count_as_calls_and_as_bytes() {
    let meters = meters(Quota {
        rate: Some("3/h".parse().unwrap()),
        bytes_out: Some("100/h".parse().unwrap()),
        ..Quota::default()
    });
    let usage = usage(&meters);
    let call = admit(&meters, &usage, put(40)).await.unwrap().tally().unwrap();
    call.attempt(1, 40).unwrap();
    call.attempt(2, 40).unwrap();
    assert_eq!(call.attempt(3, 40).unwrap_err().key(), "bytes-out");
    assert_eq!(admit(&meters, &usage, CALL).await.unwrap_err(), "rate");
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_may_not_wait_is_paid_by_the_calls_after_it() {
    let meters =
        meters(Quota { rate: Some("1/s".parse().unwrap()), on_excess: OnExcess::Wait, ..Quota::default() });
    let (usage, start) = (usage(&meters), Instant::now());
    let call = admit(&meters, &usage, CALL).await.unwrap().tally().unwrap();
    for attempt in 1..=3 {
        call.attempt(attempt, 0).unwrap();
    }
    admit(&meters, &usage, CALL).await.unwrap();
    assert_eq!(start.elapsed().as_millis(), 3_000);
}

#[tokio::test(start_paused = true)]
async fn bytes_of_a_request_of_unknown_length_count_when_it_is_sent() {
    let meters = meters(Quota { bytes_out: Some("100/h".parse().unwrap()), ..Quota::default() });
    let usage = usage(&meters);
    let call = admit(&meters, &usage, CALL).await.unwrap().tally().unwrap();
    call.attempt(1, 90).unwrap();
    let call = admit(&meters, &usage, CALL).await.unwrap().tally().unwrap();
    assert_eq!(call.attempt(1, 90).unwrap_err().key(), "bytes-out");
}

#[tokio::test(start_paused = true)]
async fn a_body_is_cut_where_it_goes_beyond_and_the_next_call_is_refused() {
    let meters = meters(Quota { bytes_in: Some("100/h".parse().unwrap()), ..Quota::default() });
    let usage = usage(&meters);
    let call = admit(&meters, &usage, CALL).await.unwrap().tally().unwrap();
    call.receive(60).unwrap();
    assert_eq!(call.receive(60).unwrap_err().key(), "bytes-in");
    assert_eq!(admit(&meters, &usage, CALL).await.unwrap_err(), "bytes-in");
    tokio::time::advance(Duration::from_hours(1)).await;
    admit(&meters, &usage, CALL).await.unwrap();
}

#[tokio::test]
async fn an_object_that_is_too_large_or_cannot_be_measured_is_refused() {
    let meters = meters(Quota { object_size: Some(10), ..Quota::default() });
    let usage = usage(&meters);
    let call = admit(&meters, &usage, put(10)).await.unwrap().tally().unwrap();
    call.receive(10).unwrap();
    assert_eq!(call.receive(1).unwrap_err().key(), "object-size");
    assert_eq!(admit(&meters, &usage, put(11)).await.unwrap_err(), "object-size");
    let copy = Demand { object: ObjectUse::Unmeasured, ..CALL };
    assert_eq!(admit(&meters, &usage, copy).await.unwrap_err(), "object-size");
    let listing = admit(&meters, &usage, CALL).await.unwrap().tally().unwrap();
    listing.receive(1_000).unwrap();
}

#[tokio::test]
async fn a_quota_of_a_grant_counts_what_that_grant_allows() {
    let one = || Quota { calls_per_run: Some(1), ..Quota::default() };
    let named = [("slow".to_owned(), one()), ("other".to_owned(), one())].into();
    let meters = Meters::new(Quotas { guest: None, named });
    let usage = usage(&meters);
    let admit =
        |names: &'static [&'static str]| meters.admit(names.iter().copied(), &usage, CALL, Place::Taken);
    admit(&[]).await.unwrap();
    admit(&["slow", "slow"]).await.unwrap();
    assert_eq!(admit(&["slow"]).await.unwrap_err().to_string(), "the quota `slow.calls-per-run` is used up");
    admit(&["other"]).await.unwrap();
    admit(&[]).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_call_that_one_quota_refuses_takes_nothing_of_the_others() {
    let guest = Quota {
        calls_per_run: Some(5),
        bytes_per_run: Some(100),
        bytes_out: Some("100/h".parse().unwrap()),
        ..Quota::default()
    };
    let slow = Quota { rate: Some("1/h".parse().unwrap()), ..Quota::default() };
    let meters = Meters::new(Quotas { guest: Some(guest), named: [("slow".to_owned(), slow)].into() });
    let usage = usage(&meters);
    let slowly = || meters.admit(std::iter::once("slow"), &usage, put(10), Place::Taken);
    slowly().await.unwrap();
    for _ in 0..20 {
        assert_eq!(slowly().await.unwrap_err().to_string(), "the quota `slow.rate` is used up");
    }
    // Nine tens of bytes are left, and four calls.
    for _ in 0..4 {
        admit(&meters, &usage, put(20)).await.unwrap();
    }
    assert_eq!(admit(&meters, &usage, put(0)).await.unwrap_err(), "calls-per-run");
}

#[tokio::test(start_paused = true)]
async fn what_is_given_back_is_there_for_others() {
    let quota = || Quota {
        rate: Some("1/h".parse().unwrap()),
        bytes_out: Some("10/h".parse().unwrap()),
        calls_per_run: Some(1),
        bytes_per_run: Some(10),
        ..Quota::default()
    };
    let meters = meters(quota());
    let usage = usage(&meters);
    for _ in 0..3 {
        admit(&meters, &usage, put(10)).await.unwrap().give_back();
    }
    admit(&meters, &usage, put(10)).await.unwrap();
    admit(&meters, &usage, put(10)).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn what_waits_and_is_given_up_has_taken_nothing() {
    let meters = meters(Quota {
        rate: Some("1/min".parse().unwrap()),
        bytes_out: Some("10/h".parse().unwrap()),
        on_excess: OnExcess::Wait,
        ..Quota::default()
    });
    let usage = usage(&meters);
    assert!(!admit(&meters, &usage, put(5)).await.unwrap().has_waited());
    let waiting = tokio::time::timeout(Duration::from_secs(1), admit(&meters, &usage, put(5)));
    assert!(waiting.await.is_err());
    assert!(admit(&meters, &usage, put(5)).await.unwrap().has_waited());
}

#[tokio::test(start_paused = true)]
async fn what_tidies_up_has_a_place_aside() {
    let meters = meters(Quota { concurrency: NonZeroU32::new(1), ..Quota::default() });
    let usage = usage(&meters);
    assert_eq!(meters.least_concurrency(), Some(1));
    let tidying = meters.admit(std::iter::empty(), &usage, CALL, Place::Aside).await.unwrap();
    let held = admit(&meters, &usage, CALL).await.unwrap();
    meters.admit(std::iter::empty(), &usage, CALL, Place::Aside).await.unwrap();
    assert_eq!(admit(&meters, &usage, CALL).await.unwrap_err(), "concurrency");
    drop((tidying, held));
}
