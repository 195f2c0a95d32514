#!/bin/bash
# An S3 server from Ceph: one monitor, one object store in memory, the gateway; all in this container, all data gone when it ends.
# Takes ACCESS_KEY, SECRET_KEY and PORT, or MinIO's MINIO_ROOT_USER and MINIO_ROOT_PASSWORD; arguments meant for MinIO are ignored.
# Ready when `GET /` answers. Not restartable: a stopped container is replaced by a new one.
set -euo pipefail
: "${PORT:=9000}" "${BIND:=0.0.0.0}" "${MON_PORT:=3300}" "${STORE:=memstore}"
: "${ACCESS_KEY:=${MINIO_ROOT_USER:-minioadmin}}" "${SECRET_KEY:=${MINIO_ROOT_PASSWORD:-minioadmin}}"
fsid=11111111-2222-3333-4444-555555555555
store_id=22222222-2222-3333-4444-555555555555

if [ -e /var/lib/ceph/mon/ceph-a/keyring ]; then
  echo "This S3 server keeps its data in memory and cannot be started again: remove the container and make a new one." >&2
  exit 1
fi

# Authentication inside the cluster is off: it never leaves this container. Sizes and intervals are for one object store that must
# answer within a second or two: one placement group for each pool, no replica, fast monitor decisions, deleted objects freed soon.
cat > /etc/ceph/ceph.conf <<CONF
[global]
fsid = $fsid
mon_initial_members = a
mon_host = [v2:127.0.0.1:$MON_PORT]
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_msgr1 = false
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
ms_mon_client_mode = crc
osd_class_dir = $(echo /usr/lib/*/rados-classes)
osd_objectstore = $STORE
memstore_device_bytes = 8589934592
osd_memory_target = 939524096
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
mon_data_avail_crit = 1
paxos_propose_interval = 0.05
rgw_frontends = beast endpoint=$BIND:$PORT
rgw_thread_pool_size = 64
rgw_gc_obj_min_wait = 1
rgw_gc_processor_period = 2
CONF

as_root=(--setuser root --setgroup root)
mkdir -p /var/lib/ceph/mon/ceph-a /var/lib/ceph/osd/ceph-0 /var/run/ceph
ceph-authtool --create-keyring /tmp/mon.keyring --gen-key -n mon. --cap mon 'allow *' > /dev/null
monmaptool --create --addv a "[v2:127.0.0.1:$MON_PORT]" --fsid $fsid /tmp/monmap > /dev/null
ceph-mon --mkfs -i a --monmap /tmp/monmap --keyring /tmp/mon.keyring "${as_root[@]}" > /dev/null
ceph-mon -i a "${as_root[@]}"
# Making the store takes as long as registering it, so they run side by side.
ceph-osd -i 0 --mkfs --osd-uuid $store_id "${as_root[@]}" > /tmp/osd-mkfs.log 2>&1 &
making=$!
ceph osd new $store_id > /dev/null
wait $making
ceph-osd -i 0 "${as_root[@]}" > /tmp/osd.log 2>&1
until ceph osd stat | grep -q '1 up'; do sleep 0.05; done
radosgw-admin user create --uid=test --display-name=test --access-key="$ACCESS_KEY" --secret-key="$SECRET_KEY" > /dev/null
exec radosgw -n client.admin -f "${as_root[@]}"
