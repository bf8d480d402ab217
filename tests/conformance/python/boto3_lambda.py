"""The whole life of an invocation."""

import base64
import io
import json
import zipfile

from fake_client import client, fails

functions = client("lambda")


def invoke(name, event, **options):
    return functions.invoke(FunctionName=name, Payload=json.dumps(event).encode(), **options)


# Answered, with the context that the caller gives and the end of the log.
context = base64.b64encode(json.dumps({"custom": {"stage": "test"}}).encode()).decode()
answer = invoke("price", {"count": 2}, LogType="Tail", ClientContext=context)
assert answer["StatusCode"] == 200 and "FunctionError" not in answer
assert json.load(answer["Payload"]) == {"total": 6, "stage": {"stage": "test"}}
assert answer["ExecutedVersion"] == "$LATEST"
assert 'pricing {"count":2}' in base64.b64decode(answer["LogResult"]).decode()

# Failed, which is a success of the call that says so.
answer = invoke("price", {})
assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
assert json.load(answer["Payload"]) == {"errorMessage": "no count", "errorType": "ValueError"}

# By version, by alias, by ARN.
assert invoke("price", {"count": 1}, Qualifier="1")["ExecutedVersion"] == "1"
functions.create_alias(FunctionName="price", Name="live", FunctionVersion="1")
assert invoke("price:live", {"count": 1})["ExecutedVersion"] == "1"
configuration = functions.get_function_configuration(FunctionName="price")
assert configuration["State"] == "Active"
assert json.load(invoke(configuration["FunctionArn"], {"count": 1})["Payload"])["total"] == 3
assert [version["Version"] for version in functions.list_versions_by_function(FunctionName="price")["Versions"]] == ["$LATEST", "1"]
assert sorted(f["FunctionName"] for f in functions.list_functions()["Functions"]) == ["busy", "pieces", "price", "received"]
functions.get_waiter("function_active_v2").wait(FunctionName="price")

# Asynchronously, and not at all.
assert invoke("price", {"count": 5}, InvocationType="Event")["StatusCode"] == 202
assert invoke("price", {"count": 5}, InvocationType="DryRun")["StatusCode"] == 204

# In pieces.
stream = functions.invoke_with_response_stream(FunctionName="pieces")["EventStream"]
events = list(stream)
pieces = [event["PayloadChunk"]["Payload"] for event in events if "PayloadChunk" in event]
assert b"".join(pieces) == b"one two three" and "InvokeComplete" in events[-1], events

# Made, changed and deleted by the client. The code is not run.
role = client("iam").create_role(RoleName="worker", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
assert client("iam").get_role(RoleName="worker")["Role"]["Arn"] == role
archive = io.BytesIO()
with zipfile.ZipFile(archive, "w") as code:
    code.writestr("main.py", "def handle(event, context): return event")
made = functions.create_function(
    FunctionName="made", Role=role, Runtime="python3.12", Handler="main.handle", Code={"ZipFile": archive.getvalue()}
)
assert (made["State"], made["CodeSize"], made["Role"]) == ("Active", len(archive.getvalue()), role)
functions.get_waiter("function_active_v2").wait(FunctionName="made")
assert functions.update_function_configuration(FunctionName="made", Timeout=9)["Timeout"] == 9
functions.get_waiter("function_updated_v2").wait(FunctionName="made")
assert invoke("made", {})["FunctionError"] == "Unhandled"
with fails("ResourceConflictException", 409):
    functions.create_function(
        FunctionName="made", Role=role, Runtime="python3.12", Handler="main.handle", Code={"ZipFile": archive.getvalue()}
    )
with fails("InvalidParameterValueException", 400):
    functions.update_function_code(FunctionName="made", ZipFile=b"no archive")

# Layers, which functions can have.
layer = functions.publish_layer_version(
    LayerName="deps", Content={"ZipFile": archive.getvalue()}, CompatibleRuntimes=["python3.12"], LicenseInfo="MIT"
)
assert (layer["Version"], layer["Content"]["CodeSize"]) == (1, len(archive.getvalue()))
shown = functions.get_layer_version_by_arn(Arn=layer["LayerVersionArn"])
assert shown["LayerArn"] == layer["LayerArn"] and shown["LicenseInfo"] == "MIT"
[listed] = functions.list_layers(CompatibleRuntime="python3.12")["Layers"]
assert listed["LatestMatchingVersion"]["LayerVersionArn"] == layer["LayerVersionArn"]
changed = functions.update_function_configuration(FunctionName="made", Layers=[layer["LayerVersionArn"]])
assert changed["Layers"] == [{"Arn": layer["LayerVersionArn"], "CodeSize": len(archive.getvalue())}]
with fails("InvalidParameterValueException", 400):
    functions.update_function_configuration(FunctionName="made", Layers=[layer["LayerArn"] + ":9"])
functions.delete_layer_version(LayerName="deps", VersionNumber=1)
assert functions.list_layer_versions(LayerName="deps")["LayerVersions"] == []
with fails("ResourceNotFoundException", 404):
    functions.get_layer_version(LayerName="deps", VersionNumber=1)

functions.delete_function(FunctionName="made")
with fails("ResourceNotFoundException", 404):
    functions.get_function(FunctionName="made")
client("iam").delete_role(RoleName="worker")
with fails("NoSuchEntity", 404):
    client("iam").get_role(RoleName="worker")

# Refused.
with fails("ResourceNotFoundException", 404):
    invoke("none", {})
with fails("TooManyRequestsException", 429):
    invoke("busy", {})
with fails("RequestTooLargeException", 413):
    invoke("price", "x" * (7 << 20))

# Called with what arrives in a queue, once that is mapped. The test that runs this looks at what comes of it.
sqs = client("sqs")
queue = sqs.create_queue(QueueName="inbox")["QueueUrl"]
queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
sqs.send_message(QueueUrl=queue, MessageBody="a letter")
with fails("InvalidParameterValueException", 400):
    functions.create_event_source_mapping(FunctionName="received", EventSourceArn=queue_arn + "2")
mapping = functions.create_event_source_mapping(FunctionName="received", EventSourceArn=queue_arn)
assert (mapping["State"], mapping["BatchSize"]) == ("Creating", 10), mapping
with fails("ResourceConflictException", 409):
    functions.create_event_source_mapping(FunctionName="received", EventSourceArn=queue_arn)
[listed] = functions.list_event_source_mappings(EventSourceArn=queue_arn)["EventSourceMappings"]
assert listed["UUID"] == mapping["UUID"]
with fails("ResourceNotFoundException", 404):
    functions.get_event_source_mapping(UUID="00000000-0000-0000-0000-000000000000")
