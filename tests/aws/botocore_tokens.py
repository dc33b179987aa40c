"""Makes tokens by botocore: a JSON list of cases on standard input, a JSON list of tokens on standard output."""
import datetime
import json
import sys

import botocore.auth
import botocore.session
from botocore.signers import generate_db_auth_token


def token(case):
    now = datetime.datetime.fromtimestamp(case["seconds"], datetime.timezone.utc).replace(tzinfo=None)
    botocore.auth.get_current_datetime = lambda: now
    client = session.create_client(
        "rds",
        region_name=case["region"],
        aws_access_key_id=case["key"],
        aws_secret_access_key=case["secret"],
        aws_session_token=case["session_token"],
    )
    return generate_db_auth_token(client, case["host"], case["port"], case["user"])


session = botocore.session.Session()
json.dump([token(case) for case in json.load(sys.stdin)], sys.stdout)
