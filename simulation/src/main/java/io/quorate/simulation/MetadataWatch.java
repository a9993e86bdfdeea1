package io.quorate.simulation;

import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.KeyspaceMetadata;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.Replication;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.node.Node;
import io.quorate.node.NodeState;
import io.quorate.raft.PeerId;
import io.quorate.raft.RaftCore;
import io.quorate.raft.RaftNode;
import io.quorate.raft.SafetyChecker;
import io.quorate.raft.StateHash;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Looks at the metadata ring of a cluster after each step that a host takes:
 *
 * <ul>
 *   <li>the five properties of Raft ({@link SafetyChecker}), over the nodes' own cores;
 *   <li>states agree: whoever has applied the log up to an index has the same state;
 *   <li>one set of owners: at one epoch all nodes have the same replicas of each range;
 *   <li>racks hold: the replicas of a row stand in as many as is possible;
 *   <li>one change a range: a step of changes of ownership gives a range a second set of replicas
 *       or takes one away, and never exchanges one for another ({@link OwnershipSteps});
 *   <li>fences: nobody serves under owners that are two steps old.
 * </ul>
 */
final class MetadataWatch {
  private final SimulatedCluster cluster;
  private final SafetyChecker raft = new SafetyChecker();
  private final TreeMap<Long, StateHash> states = new TreeMap<>();
  private final TreeMap<Long, Long> owners = new TreeMap<>();
  private final Map<SimulatedHost, Seen> seen = new LinkedHashMap<>();

  private final OwnershipSteps steps = new OwnershipSteps();
  private int snapshotsTaken;
  private int snapshotsInstalled;

  /** A node as it was looked at last. */
  private static final class Seen {
    final PeerId member;
    @Nullable RaftCore core;
    long appliedIndex;
    long snapshotIndex;
    @Nullable ClusterMetadata published;

    Seen(PeerId member) {
      this.member = member;
    }
  }

  MetadataWatch(SimulatedCluster cluster) {
    this.cluster = cluster;
  }

  /** Looks at a host. */
  @SuppressWarnings("ReferenceEquality") // of what does not change, and is replaced
  void look(SimulatedHost host) {
    Node node = cluster.process(host);
    RaftNode ring = node == null ? null : node.raft();
    RaftCore core = ring == null ? null : ring.core();
    Seen before = seen.computeIfAbsent(host, added -> new Seen(new PeerId(added.name())));
    raft.check(before.member, core);
    if (node == null || ring == null) {
      seen.remove(host);
      return;
    }
    if (core != null) {
      if (before.core != core) {
        before.core = core;
        before.appliedIndex = 0;
        before.snapshotIndex = core.snapshot().index();
      }
      countSnapshot(before, core.snapshot().index());
      if (ring.appliedIndex() != before.appliedIndex) {
        before.appliedIndex = ring.appliedIndex();
        checkState(host, ring);
      }
    }
    ClusterMetadata published = node.coordinator().metadata();
    if (published != before.published) {
      before.published = published;
      checkOwners(host, published);
    }
    checkFence(host, node);
  }

  private void countSnapshot(Seen before, long index) {
    if (index != before.snapshotIndex) {
      before.snapshotIndex = index;
      if (index > before.appliedIndex) {
        snapshotsInstalled++;
      } else {
        snapshotsTaken++;
      }
    }
  }

  /** A node is not waited for any more, by a change that has moved reads: it is said to be dead. */
  void skip(long change, UUID hostId) {
    steps.skip(change, hostId);
  }

  /** Snapshots of the metadata that members have taken of their own. */
  int snapshotsTaken() {
    return snapshotsTaken;
  }

  /** Snapshots that members have got from a leader. */
  int snapshotsInstalled() {
    return snapshotsInstalled;
  }

  private void checkState(SimulatedHost host, RaftNode ring) {
    StateHash hash = ring.stateHash();
    StateHash other = states.putIfAbsent(ring.appliedIndex(), hash);
    if (other != null && !other.equals(hash)) {
      throw new SafetyChecker.Violation(
          host.name() + " has another state than others after entry " + ring.appliedIndex());
    }
  }

  private void checkOwners(SimulatedHost host, ClusterMetadata metadata) {
    long hash = hashOfOwners(metadata);
    Long other = owners.putIfAbsent(metadata.epoch(), hash);
    if (other != null && other != hash) {
      throw new SafetyChecker.Violation(
          host.name() + " has other owners than others at epoch " + metadata.epoch());
    }
    if (other == null && !metadata.isChanging()) {
      checkRacks(metadata);
    }
    long floor = steps.floor();
    steps.take(metadata);
    if (steps.floor() > floor) {
      for (SimulatedHost any : cluster.hosts()) {
        Node node = cluster.process(any);
        if (node != null && node.raft() != null) {
          checkFence(any, node);
        }
      }
    }
  }

  /** The replicas of a row stand in as many racks as there are, or as there are replicas. */
  private static void checkRacks(ClusterMetadata metadata) {
    Set<String> racks = racks(metadata.nodes());
    for (KeyspaceMetadata keyspace : metadata.keyspaces()) {
      if (keyspace.replication() instanceof Replication.NetworkTopology) {
        for (int range = 0; range < metadata.ring().rangeCount(); range++) {
          List<NodeInfo> replicas =
              metadata.replicas(keyspace.name(), metadata.ring().token(range));
          if (racks(replicas).size() < Math.min(racks.size(), replicas.size())) {
            throw new SafetyChecker.Violation(
                "at epoch " + metadata.epoch() + " replicas stand in too few racks: " + replicas);
          }
        }
      }
    }
  }

  private static Set<String> racks(Collection<NodeInfo> nodes) {
    return nodes.stream().map(NodeInfo::rack).collect(Collectors.toCollection(TreeSet::new));
  }

  private static long hashOfOwners(ClusterMetadata metadata) {
    long hash = metadata.ownershipEpoch();
    for (KeyspaceMetadata keyspace : metadata.keyspaces()) {
      hash = hash * 31 + keyspace.name().hashCode();
      for (int range = 0; range < metadata.ring().rangeCount(); range++) {
        long token = metadata.ring().token(range);
        for (NodeInfo replica : metadata.replicas(keyspace.name(), token)) {
          hash = hash * 31 + replica.hostId().hashCode();
        }
        for (NodeInfo replica : metadata.otherReplicas(keyspace.name(), token)) {
          hash = hash * 37 + replica.hostId().hashCode();
        }
      }
    }
    return hash;
  }

  private void checkFence(SimulatedHost host, Node node) {
    if (node.state() != NodeState.NORMAL || cluster.isWitness(host)) {
      return; // a witness has no rows, plans no request, and is not waited for
    }
    UUID hostId = node.coordinator().localHostId();
    long own = node.coordinator().metadata().ownershipEpoch();
    if (own >= steps.floor() || own >= steps.floorOf(hostId) || isExcused(hostId)) {
      return;
    }
    throw new SafetyChecker.Violation(
        host.name()
            + " serves under the owners of epoch "
            + own
            + ", and someone has passed what all should have known: epoch "
            + steps.floorOf(hostId));
  }

  /** Whoever is being taken out as dead, or is out, is not waited for. */
  private boolean isExcused(UUID hostId) {
    for (Seen other : seen.values()) {
      ClusterMetadata metadata = other.published;
      if (metadata != null) {
        boolean isTakenOut =
            metadata.transitions().stream().anyMatch(each -> each.dead().contains(hostId));
        if (isTakenOut || metadata.isRemoved(hostId)) {
          return true;
        }
      }
    }
    return false;
  }
}
