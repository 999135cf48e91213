#!/bin/sh
# First steps: an account, its SIMs, a feed, an import, and what a SIM used.
# Run it in the root of the repository, after `npm ci`. The store is made in ./data. Run again, it goes on
# with the account that is there, and counts nothing twice.
set -eu

# SIMTALLY_DATABASE_URL names another store; with every command, --database does as well.
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

# Of seven records one comes twice, and one is of a SIM that nobody registered. That one is kept
# in quarantine, which exit code 3 tells.
usage=$(mktemp)
trap 'rm -f "$usage"' EXIT
node examples/usage.js > "$usage"
simtally import "$usage" --feed roamco || test $? -eq 3
simtally quarantine list --feed roamco

# Importing the file again changes nothing: every record is a duplicate now.
simtally import "$usage" --feed roamco --json || test $? -eq 3

simtally usage truck-1
simtally usage truck-1 --granularity daily --csv

# Which lines of which file that is.
simtally event list truck-1
