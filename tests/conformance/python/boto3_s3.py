"""Buckets and objects."""

import io
import urllib.error
import urllib.request

import boto3.s3.transfer
from botocore.config import Config
from fake_client import client, fails

s3 = client("s3", config=Config(s3={"addressing_style": "path"}))
location = {"LocationConstraint": "eu-west-1"}

# A bucket.
s3.create_bucket(Bucket="photos", CreateBucketConfiguration=location)
assert s3.get_bucket_location(Bucket="photos")["LocationConstraint"] == "eu-west-1"
assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["photos"]
with fails("404", 404):
    s3.head_bucket(Bucket="none")

# An object, with all that belongs to one. The checksum is computed by boto3, and verified by it on the way back.
key = "räume/a b+c&d.txt"
s3.put_object(Bucket="photos", Key=key, Body=b"hello", ContentType="text/plain", Metadata={"by": "me"}, Tagging="a=b")
found = s3.get_object(Bucket="photos", Key=key, ChecksumMode="ENABLED")
assert found["Body"].read() == b"hello" and found["ChecksumCRC32"]
assert (found["ContentType"], found["Metadata"]) == ("text/plain", {"by": "me"})
assert s3.get_object(Bucket="photos", Key=key, Range="bytes=1-3")["Body"].read() == b"ell"
assert s3.get_object_tagging(Bucket="photos", Key=key)["TagSet"] == [{"Key": "a", "Value": "b"}]
with fails("NoSuchKey", 404):
    s3.get_object(Bucket="photos", Key="none")
with fails("PreconditionFailed", 412):
    s3.put_object(Bucket="photos", Key=key, Body=b"", IfNoneMatch="*")
with fails("304", 304):
    s3.get_object(Bucket="photos", Key=key, IfNoneMatch=found["ETag"])

# In virtual-host style, at a name that is this machine.
virtual = client("s3", config=Config(s3={"addressing_style": "virtual"}))
assert virtual.meta.endpoint_url.startswith("http://127."), "an address has no names below it; boto3 falls back to paths"
assert virtual.head_object(Bucket="photos", Key=key)["ContentLength"] == 5

# A stream of a length that is known only at its end: boto3 sends it in chunks, with the checksum behind.
s3.upload_fileobj(io.BytesIO(b"x" * 300_000), "photos", "stream")
assert s3.head_object(Bucket="photos", Key="stream")["ContentLength"] == 300_000

# In parts, at the same time.
transfer = boto3.s3.transfer.TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)
body = bytes(range(256)) * (12 << 12)
s3.upload_fileobj(io.BytesIO(body), "photos", "large", Config=transfer)
read = io.BytesIO()
s3.download_fileobj("photos", "large", read, Config=transfer)
assert read.getvalue() == body
assert s3.head_object(Bucket="photos", Key="large")["ETag"].endswith('-3"')
s3.copy({"Bucket": "photos", "Key": "large"}, "photos", "copied", Config=transfer)
assert s3.head_object(Bucket="photos", Key="copied")["ContentLength"] == len(body)

# Listed in pages, and by folder.
for number in range(12):
    s3.put_object(Bucket="photos", Key=f"many/{number:02}", Body=b"")
pages = s3.get_paginator("list_objects_v2").paginate(Bucket="photos", Prefix="many/", PaginationConfig={"PageSize": 5})
assert [len(page["Contents"]) for page in pages] == [5, 5, 2]
listed = s3.list_objects(Bucket="photos", Delimiter="/")
assert [prefix["Prefix"] for prefix in listed["CommonPrefixes"]] == ["many/", "räume/"], listed

# By whoever has the URL, signed in the way of today and in that of yesterday, which is boto3's own choice where it may.
for version in ["s3v4", "s3"]:
    signing = client("s3", config=Config(signature_version=version))
    url = signing.generate_presigned_url("get_object", Params={"Bucket": "photos", "Key": key}, ExpiresIn=60)
    assert urllib.request.urlopen(url).read() == b"hello", version
    url = signing.generate_presigned_url("put_object", Params={"Bucket": "photos", "Key": "presigned"}, ExpiresIn=60)
    urllib.request.urlopen(urllib.request.Request(url, data=b"put", method="PUT", headers={"content-type": ""}))
    assert s3.get_object(Bucket="photos", Key="presigned")["Body"].read() == b"put"
    expired = signing.generate_presigned_url("get_object", Params={"Bucket": "photos", "Key": key}, ExpiresIn=-1 if version == "s3" else 1)
    if version == "s3":
        try:
            urllib.request.urlopen(expired)
        except urllib.error.HTTPError as error:
            assert error.code == 403 and b"Request has expired" in error.read()
        else:
            raise AssertionError("a URL that has expired was answered")

# Versions.
s3.put_bucket_versioning(Bucket="photos", VersioningConfiguration={"Status": "Enabled"})
one = s3.put_object(Bucket="photos", Key="versioned", Body=b"1")["VersionId"]
s3.put_object(Bucket="photos", Key="versioned", Body=b"2")
assert s3.get_object(Bucket="photos", Key="versioned", VersionId=one)["Body"].read() == b"1"
assert s3.delete_object(Bucket="photos", Key="versioned")["DeleteMarker"]
with fails("NoSuchKey", 404):
    s3.get_object(Bucket="photos", Key="versioned")

# The end of it.
with fails("BucketNotEmpty", 409):
    s3.delete_bucket(Bucket="photos")
for page in s3.get_paginator("list_object_versions").paginate(Bucket="photos"):
    entries = page.get("Versions", []) + page.get("DeleteMarkers", [])
    objects = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]
    deleted = s3.delete_objects(Bucket="photos", Delete={"Objects": objects})
    assert len(deleted["Deleted"]) == len(objects) and "Errors" not in deleted, deleted
s3.delete_bucket(Bucket="photos")
with fails("NoSuchBucket", 404):
    s3.list_objects_v2(Bucket="photos")
