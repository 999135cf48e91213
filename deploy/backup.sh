#!/bin/sh
# Copies a SQLite store into the given folder while it is in use: 24 hourly copies, 7 daily and 12 monthly
# ones, each the newest of its hour, day or month. Run it every hour. SIMTALLY_DATABASE_URL names the store.
set -eu
folder=${1:?usage: backup.sh FOLDER}
hour=$folder/hour-$(date -u +%H).db
simtally backup "$hour" --force
# A second name for the same file. The next hourly copy is a new file and does not change this one.
ln -f "$hour" "$folder/day-$(date -u +%u).db"
ln -f "$hour" "$folder/month-$(date -u +%m).db"
