"""Runs scim2-tester against a SCIM server: check.py BASE_URL, with the token on standard input.

Twice: by the schemas the server publishes, and by those of the standard, which ask for what the server might have left out.
Prints one line for each check that did not succeed and a count at the end; exits 1 when there was any.
"""

import sys

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import EnterpriseUser, Group, User
from scim2_tester import Status, check_server


def run(name, base, token, models):
    client = Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=30)
    scim = SyncSCIMClient(client, resource_models=models) if models else SyncSCIMClient(client)
    scim.discover()
    results = check_server(scim)
    wrong = [result for result in results if result.status != Status.SUCCESS]
    for result in wrong:
        print(f"{name} {result.status.name} {result.resource_type or '-'} {result.title}: {result.reason}")
    print(f"{name}: {len(results)} checks, {len(wrong)} without success")
    return wrong


def main():
    base, token = sys.argv[1], sys.stdin.readline().strip()
    wrong = run("published", base, token, None)
    wrong += run("standard", base, token, [User[EnterpriseUser], Group])
    sys.exit(1 if wrong else 0)


main()
