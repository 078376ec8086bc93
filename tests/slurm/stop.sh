#!/usr/bin/env bash
# Ends the daemons that start.sh started in FOLDER; munged stays.
folder=$(realpath "${1:?name the folder given to start.sh}")
for pid in "$folder"/run/slurmd.pid "$folder"/state/slurmctld.pid; do
  [ -f "$pid" ] && kill "$(cat "$pid")"
done
[ "$(readlink /etc/slurm/slurm.conf)" = "$folder/slurm.conf" ] && rm /etc/slurm/slurm.conf
exit 0
