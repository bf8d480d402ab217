use innkeeper_fake::FakeAws;

use crate::aws::{bucket, client, coded, error};

const ARN: &str = "arn:aws:s3:eu-west-1:000000000000:accesspoint/photos";

#[tokio::test(start_paused = true)]
async fn an_access_point_stands_for_its_bucket() {
    let (fake, client) = bucket();
    fake.s3().access_point("photos", "bucket");
    client.put_object().bucket(ARN).key("a/ü").body(b"x".to_vec().into()).send().await.unwrap();
    assert_eq!(fake.s3().get("bucket", "a/ü").unwrap().body, "x");
    assert_eq!(fake.calls().last().unwrap().bucket.as_deref(), Some("bucket"));
    assert_eq!(client.list_objects_v2().bucket(ARN).send().await.unwrap().key_count(), Some(1));
    let copy =
        client.copy_object().bucket("bucket").key("copy").copy_source(format!("{ARN}/object/a/%C3%BC"));
    copy.send().await.unwrap();
    assert_eq!(fake.s3().get("bucket", "copy").unwrap().body, "x");
}

#[tokio::test(start_paused = true)]
async fn an_access_point_that_is_not_there_is_no_bucket() {
    let fake = FakeAws::new();
    let get = client(&fake).get_object().bucket(ARN).key("key").send().await;
    assert_eq!(error(get), coded(404, "NoSuchBucket"));
}
