#!/bin/sh
# First steps: an account, its SIMs, a feed, an import, and what a SIM used.
# Run it in the root of the repository, after `npm ci`. It creates the store in ./data. If you run it again, it
# uses the account that is there, and counts nothing twice.
set -eu

# SIMTALLY_DATABASE_URL names another store, and so does --database with every command.
simtally() { node bin/simtally.js "$@"; }

# The account says which networks and countries are home. Its auth token is shown only here.
account=$(simtally account list --search Acme --limit 1 --json 2> /dev/null || true)
if [ -z "$account" ]; then
  account=$(simtally account create --name Acme --home-plmns 310-260 --home-countries US --json)
fi
echo "$account"
account_sid=$(echo "$account" | grep -o 'AC[0-9a-f]*' | head -n 1)

simtally sim import examples/sims.csv --account "$account_sid"
# Bound to the account, because one of the records names its SIM by a unique name.
simtally feed show roamco > /dev/null 2>&1 ||
  simtally feed create roamco --format csv --account "$account_sid"

# One of the seven records is there twice, and one belongs to a SIM that nobody has registered. That one is
# kept in quarantine, which exit code 3 indicates.
usage=$(mktemp)
trap 'rm -f "$usage"' EXIT
node examples/usage.js > "$usage"
simtally import "$usage" --feed roamco || test $? -eq 3
simtally quarantine list --feed roamco

# Importing the file again changes nothing: every record is a duplicate now.
simtally import "$usage" --feed roamco --json || test $? -eq 3

simtally usage truck-1
simtally usage truck-1 --granularity daily --csv

# The lines of the file that these numbers come from.
simtally event list truck-1
