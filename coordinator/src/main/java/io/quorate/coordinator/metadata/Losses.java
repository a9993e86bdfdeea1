package io.quorate.coordinator.metadata;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.UUID;

/**
 * What may be lost with nodes that are dead for good. A write that was acknowledged at QUORUM is at
 * a quorum of the replicas of its range; when a quorum of them is dead, it may have been these. So
 * with LOCAL_QUORUM and the replicas in one data centre.
 */
final class Losses {
  private static final int NAMED_KEYSPACES = 5;

  private Losses() {}

  /** Says which ranges of which keyspaces that is true of; empty when of none. */
  static String of(Ownership owners, Collection<KeyspaceMetadata> keyspaces, SortedSet<UUID> dead) {
    TokenRing ring = owners.ring();
    List<String> losses = new ArrayList<>();
    for (KeyspaceMetadata keyspace : keyspaces) {
      int ranges = 0;
      double share = 0;
      String first = "";
      for (int range = 0; range < ring.rangeCount() && !keyspace.tables().isEmpty(); range++) {
        if (isLost(owners.replicas(keyspace.name(), ring.token(range)), dead)) {
          if (ranges == 0) {
            int before = (range + ring.rangeCount() - 1) % ring.rangeCount();
            first = "]" + ring.token(before) + ", " + ring.token(range) + "]";
          }
          ranges++;
          share += ring.share(range);
        }
      }
      if (ranges > 0) {
        losses.add(
            String.format(
                Locale.ROOT,
                "keyspace %s: %d of %d ranges, %.1f %% of the ring, the first %s",
                keyspace.name(),
                ranges,
                ring.rangeCount(),
                100 * share,
                first));
      }
    }
    int more = losses.size() - NAMED_KEYSPACES;
    if (more > 0) {
      losses.subList(NAMED_KEYSPACES, losses.size()).clear();
      losses.add("and " + more + " keyspaces more");
    }
    return losses.isEmpty()
        ? ""
        : "rows that were acknowledged at QUORUM may be lost, for too many of their replicas are"
            + " dead ("
            + String.join("; ", losses)
            + "); wait for one of them to come back, or accept the loss (--accept-data-loss)";
  }

  private static boolean isLost(List<NodeInfo> replicas, SortedSet<UUID> dead) {
    SortedMap<String, int[]> byDatacenter = new TreeMap<>();
    int gone = 0;
    for (NodeInfo replica : replicas) {
      int[] count = byDatacenter.computeIfAbsent(replica.datacenter(), name -> new int[2]);
      count[0]++;
      if (dead.contains(replica.hostId())) {
        count[1]++;
        gone++;
      }
    }
    return isQuorum(gone, replicas.size())
        || byDatacenter.values().stream().anyMatch(count -> isQuorum(count[1], count[0]));
  }

  private static boolean isQuorum(int some, int all) {
    return all > 0 && some >= all / 2 + 1;
  }
}
