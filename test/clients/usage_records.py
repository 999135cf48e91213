"""Asks a server what a program with Debian's python3-twilio asks, and prints the answers as JSON.

Only the base URL of the wireless domain is set. Arguments: base URL, account SID, auth token.
"""

import json
import sys
from datetime import date, datetime

from twilio import __version__
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

base_url, account_sid, auth_token = sys.argv[1:]
client = Client(account_sid, auth_token)
client.wireless.base_url = base_url

START = datetime(2026, 3, 10)
END = datetime(2026, 3, 15)


def record(found):
    return {
        "account_sid": found.account_sid,
        "period": found.period,
        "data": found.data,
        "commands": found.commands,
    }


def pages(first):
    """All pages from the first on, and back again from the last to the first. A page is read once."""
    forward, page = [], first
    while page is not None:
        forward.append([each.period["start"] for each in page])
        last, page = page, page.next_page()
    back, page = [], last.previous_page()
    while page is not None:
        back.append([each.period["start"] for each in page])
        page = page.previous_page()
    return {"forward": forward, "back": back}


def failure(ask):
    try:
        ask()
    except TwilioRestException as error:
        return {"status": error.status, "code": error.code, "message": error.msg}
    except TwilioException as error:
        # Lists hand on the whole answer.
        answer = json.loads(error.args[1].text)
        return {name: answer[name] for name in ("status", "code", "message")}
    return None


sim = client.wireless.sims("tracker-1")
records = {"sim": sim.usage_records, "account": client.wireless.usage_records}
days = {"granularity": "daily", "start": START, "end": END}

answers = {"version": __version__}
for scope, of in records.items():
    answers[scope] = {
        "all": [record(each) for each in of.list()],
        "days": [record(each) for each in of.list(**days)],
        "of dates": [record(each) for each in of.list(start=date(2026, 3, 10), end=date(2026, 3, 15))],
        "hours": [record(each) for each in of.list(granularity="hourly", start=START, end=END)],
        "streamed": [record(each) for each in of.stream(page_size=2, **days)],
        "limited": [record(each) for each in of.list(limit=3, page_size=2, **days)],
        "many": len(of.list(granularity="hourly", start=datetime(2025, 11, 1), limit=2000)),
        "pages": pages(of.page(page_size=2, **days)),
        "beyond": failure(lambda: of.list(granularity="weekly")),
        "backwards": failure(lambda: of.list(start=END, end=START)),
        "token": failure(lambda: of.page(page_token="made up")),
    }

sims = client.wireless.sims
named = sims("tracker-2").update(friendly_name="Büro & Hof", commands_callback_url="https://example.com/c")
suspended = sims("tracker-2").update(status="suspended")
answers["sims"] = {
    "names": [each.unique_name for each in sims.list(page_size=2)],
    "active": [each.unique_name for each in sims.list(status="active")],
    "fetched": sims("tracker-1").fetch().unique_name,
    "created": sims("tracker-1").fetch().date_created.isoformat(),
    "changed": [named.friendly_name, named.commands_callback_url, suspended.status],
    "missing": failure(lambda: sims("nowhere").fetch()),
    "rate plan": failure(lambda: sims("tracker-2").update(rate_plan="WP1")),
}

stranger = Client(account_sid, "wrong")
stranger.wireless.base_url = base_url
answers["stranger"] = failure(lambda: stranger.wireless.sims.list())

json.dump(answers, sys.stdout)
