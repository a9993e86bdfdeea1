package io.quorate.coordinator.metadata;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What new owners have to fetch, and from whom. A range that has one more and one less replica goes
 * from the one that gives it up to the one that gets it, so that the new one has what the old one
 * had, and each quorum still has a replica with each acknowledged write; within a data centre, for
 * the sake of LOCAL_QUORUM. When the one that gives it up is dead, its part of the quorums is made
 * up for by all others: the new one fetches from each that lives.
 */
public final class Receivers {
  private Receivers() {}

  /**
   * A part of the ring that one node has to fetch.
   *
   * @param firstToken inclusive
   * @param lastToken inclusive
   * @param sources each of them has to be asked
   */
  public record Fetch(
      String keyspace, long firstToken, long lastToken, UUID receiver, List<NodeInfo> sources) {}

  static SortedSet<UUID> of(
      Ownership before, Ownership after, Collection<KeyspaceMetadata> keyspaces) {
    SortedSet<UUID> receivers = new TreeSet<>();
    for (Fetch fetch : fetches(before, after, keyspaces, Collections.emptySortedSet())) {
      receivers.add(fetch.receiver());
    }
    return receivers;
  }

  /**
   * @param dead who cannot be asked
   */
  static List<Fetch> fetches(
      Ownership before,
      Ownership after,
      Collection<KeyspaceMetadata> keyspaces,
      SortedSet<UUID> dead) {
    List<Fetch> fetches = new ArrayList<>();
    if (before.ring().isEmpty() || after.ring().isEmpty()) {
      return fetches;
    }
    for (KeyspaceMetadata keyspace : keyspaces) {
      long first = Long.MIN_VALUE;
      while (true) {
        long last =
            Math.min(before.ring().lastTokenOfRange(first), after.ring().lastTokenOfRange(first));
        List<NodeInfo> old = before.replicas(keyspace.name(), first);
        List<NodeInfo> young = after.replicas(keyspace.name(), first);
        List<NodeInfo> giving = without(old, young);
        for (NodeInfo receiver : without(young, old)) {
          NodeInfo giver = takeOneOf(giving, receiver.datacenter());
          boolean canGive = giver != null && !dead.contains(giver.hostId());
          List<NodeInfo> sources =
              canGive
                  ? List.of(giver)
                  : old.stream().filter(node -> !dead.contains(node.hostId())).toList();
          fetches.add(new Fetch(keyspace.name(), first, last, receiver.hostId(), sources));
        }
        if (last == Long.MAX_VALUE) {
          break;
        }
        first = last + 1;
      }
    }
    return fetches;
  }

  private static @Nullable NodeInfo takeOneOf(List<NodeInfo> nodes, String datacenter) {
    for (int i = 0; i < nodes.size(); i++) {
      if (nodes.get(i).datacenter().equals(datacenter)) {
        return nodes.remove(i);
      }
    }
    return null;
  }

  private static List<NodeInfo> without(List<NodeInfo> some, List<NodeInfo> others) {
    List<NodeInfo> rest = new ArrayList<>();
    for (NodeInfo node : some) {
      if (others.stream().noneMatch(other -> other.hostId().equals(node.hostId()))) {
        rest.add(node);
      }
    }
    return rest;
  }
}
