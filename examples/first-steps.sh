#!/bin/sh
# First steps: an account, its SIMs, a feed, an import, and what a SIM used.
# Run it in the root of the repository, after `npm ci`. The store is made in ./data.
set -eu

# SIMTALLY_DATABASE_URL names another store; with every command, --database does as well.
simtally() { node bin/simtally.js "$@"; }

# The account says which networks and countries are home. Its auth token is shown only here.
account=$(simtally account create --name Acme --home-plmns 310-260 --home-countries US --json)
echo "$account"
account_sid=$(echo "$account" | grep -o 'AC[0-9a-f]*' | head -n 1)

simtally sim import examples/sims.csv --account "$account_sid"
# Bound to the account, because one of the records names its SIM by a unique name.
simtally feed create roamco --format csv --account "$account_sid"

# Of seven records one comes twice, and one is of a SIM that nobody registered. That one is kept
# in quarantine, which exit code 3 tells.
simtally import examples/usage.csv --feed roamco || test $? -eq 3
simtally quarantine list --feed roamco

# Importing the file again changes nothing: every record is a duplicate now.
simtally import examples/usage.csv --feed roamco --json || test $? -eq 3

simtally usage truck-1 --start 2026-10-01 --end 2026-11-01
simtally usage truck-1 --start 2026-10-05 --end 2026-10-07 --granularity daily --csv

# Which lines of which file that is.
simtally event list truck-1 --start 2026-10-01 --end 2026-11-01
