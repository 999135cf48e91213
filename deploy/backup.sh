#!/bin/sh
# Copies a store on a file into the folder given, while it is in use: 24 hourly copies, 7 daily and 12 monthly
# ones, each the newest of its hour, day or month. Call it every hour. SIMTALLY_DATABASE_URL names the store.
set -eu
folder=${1:?usage: backup.sh FOLDER}
hour=$folder/hour-$(date -u +%H).db
simtally backup "$hour" --force
# Another name of the same file: the next copy of the hour is a new file, and leaves this one as it is.
ln -f "$hour" "$folder/day-$(date -u +%u).db"
ln -f "$hour" "$folder/month-$(date -u +%m).db"
