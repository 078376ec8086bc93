#!/usr/bin/env bash
# A SLURM cluster of one node on this machine, for tests. As root, on Debian or Ubuntu:
#   apt-get install slurm-wlm munge
#   bash tests/slurm/start.sh FOLDER     # configuration, state and logs; /etc/slurm/slurm.conf becomes a link to it
#   bash tests/slurm/stop.sh FOLDER
# No control groups and no accounting database are needed, so it works in a container too. Not a way to set up a real cluster.
set -euo pipefail
folder=$(realpath -m "${1:?name a folder for the configuration, logs and state}")
here=$(hostname -s)
[ -L /etc/slurm/slurm.conf ] || [ ! -e /etc/slurm/slurm.conf ] || { echo "this machine has a /etc/slurm/slurm.conf of its own; nothing was done" >&2; exit 1; }
mkdir -p "$folder"/{state,spool,run}
chown -R slurm "$folder/state"
chmod 755 "$folder"
memory=$(($(free -m | awk '/^Mem:/ {print $2}') - 512))

cat > "$folder/slurm.conf" <<CONF
ClusterName=one
SlurmctldHost=$here(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=slurm
SlurmctldPidFile=$folder/state/slurmctld.pid
SlurmdPidFile=$folder/run/slurmd.pid
SlurmctldLogFile=$folder/state/slurmctld.log
SlurmdLogFile=$folder/run/slurmd.log
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ReturnToService=2
MinJobAge=3600
NodeName=$here NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$memory State=UNKNOWN
PartitionName=all Nodes=$here Default=YES MaxTime=INFINITE State=UP
CONF

mkdir -p /run/munge && chown munge: /run/munge
munge -n > /dev/null 2>&1 || runuser -u munge -- /usr/sbin/munged
ln -sfn "$folder/slurm.conf" /etc/slurm/slurm.conf  # jobs look for it there
slurmctld
slurmd
for _ in $(seq 60); do
  sinfo --noheader --states=idle 2> /dev/null | grep -q idle && { sinfo; exit 0; }
  sleep 1
done
echo "slurm did not come up; see $folder/state/slurmctld.log and $folder/run/slurmd.log" >&2
exit 1
