"""Roles."""

from fake_client import client, fails

sts = client("sts")
assert sts.get_caller_identity()["Account"] == "000000000000"
role = sts.assume_role(RoleArn="arn:aws:iam::000000000000:role/reader", RoleSessionName="session")
assert role["AssumedRoleUser"]["Arn"].endswith(":assumed-role/reader/session")
given = role["Credentials"]
session = {
    "aws_access_key_id": given["AccessKeyId"],
    "aws_secret_access_key": given["SecretAccessKey"],
    "aws_session_token": given["SessionToken"],
}
assert client("sts", **session).get_caller_identity()["Arn"] == role["AssumedRoleUser"]["Arn"]
session["aws_session_token"] = "another"
with fails("InvalidClientTokenId", 403):
    client("sts", **session).get_caller_identity()
