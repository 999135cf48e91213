"""Asks a server what a program with Debian's python3-twilio asks of the Super SIM API, and prints the answers as JSON.

Only the base URL of the Super SIM domain is set. Arguments: base URL, account SID, auth token.
"""

import json
import sys
from datetime import datetime

from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

base_url, account_sid, auth_token = sys.argv[1:]
client = Client(account_sid, auth_token)
client.supersim.base_url = base_url

supersim = client.supersim.v1
march = {"start_time": datetime(2026, 3, 1), "end_time": datetime(2026, 3, 16)}


def totals(group, granularity):
    options = dict(march, group=group, granularity=granularity, page_size=2)
    options = {name: value for name, value in options.items() if value is not None}
    found = supersim.usage_records.list(**options)
    members = {str(each.sim_sid or each.fleet_sid or each.network_sid or each.iso_country) for each in found}
    return {
        "sum": sum(each.data_total for each in found),
        "members": sorted(members),
        "starts": [each.period["start_time"] for each in found],
    }


def failure(ask):
    try:
        ask()
    except TwilioRestException as error:
        return [error.status, error.code]
    except TwilioException as error:
        # Lists hand on the whole answer.
        answer = json.loads(error.args[1].text)
        return [answer["status"], answer["code"]]
    return None


fleet = supersim.fleets.create(network_access_profile="HA" + "a" * 32, unique_name="python", data_limit=7)
moved = supersim.sims("fixed").update(fleet="python", status="inactive")

json.dump(
    {
        "usage": {
            f"{group} {granularity}": totals(group, granularity)
            for group in (None, "sim", "fleet", "network", "isoCountry")
            for granularity in ("hour", "day", "all", None)
        },
        "fleets": [[each.unique_name, each.data_limit] for each in supersim.fleets.list(page_size=1)],
        "networks": [each.identifiers for each in supersim.networks.list(iso_country="FR")],
        "sims": [each.unique_name for each in supersim.sims.list(fleet="us fleet")],
        "moved": [moved.fleet_sid == fleet.sid, moved.status],
        "wrong": failure(lambda: supersim.usage_records.list(group="zone")),
        "missing": failure(lambda: supersim.fleets("nowhere").fetch()),
    },
    sys.stdout,
)
