package io.quorate.coordinator.metadata;

import io.quorate.coordinator.metadata.Transition.Step;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The nodes of the cluster and what changes about them. Immutable; each step is pure, the same on
 * every replica of the metadata ring.
 *
 * @param nodes those of the cluster, witnesses too, by host id
 * @param transitions the changes of ownership under way, in the order in which they began
 * @param ownershipEpoch when it was last changed who is asked: a request that was planned before is
 *     refused
 * @param removed host ids that were of the cluster and will never be again
 */
record Topology(
    SortedMap<UUID, NodeInfo> nodes,
    List<Transition> transitions,
    long ownershipEpoch,
    SortedSet<UUID> removed) {

  static final Topology EMPTY = new Topology(new TreeMap<>(), List.of(), 0, new TreeSet<>());

  Topology {
    nodes = Collections.unmodifiableSortedMap(new TreeMap<>(nodes));
    transitions = List.copyOf(transitions);
    removed = Collections.unmodifiableSortedSet(new TreeSet<>(removed));
  }

  /** What became of a step. */
  sealed interface Outcome {
    record Changed(Topology topology) implements Outcome {}

    record Unchanged() implements Outcome {}

    record Conflict() implements Outcome {}

    record Refused(String why) implements Outcome {}
  }

  /** The nodes, and those that are on their way. */
  SortedMap<UUID, NodeInfo> members() {
    SortedMap<UUID, NodeInfo> all = new TreeMap<>(nodes);
    for (Transition transition : transitions) {
      all.putIfAbsent(transition.node().hostId(), transition.node());
    }
    return all;
  }

  /** The nodes when all transitions have ended; those of now when there is none. */
  SortedMap<UUID, NodeInfo> nodesAfter() {
    return nodesAfter(transitions);
  }

  /** The nodes when some of the transitions have ended. */
  SortedMap<UUID, NodeInfo> nodesAfter(Collection<Transition> ended) {
    SortedMap<UUID, NodeInfo> after = nodes;
    for (Transition transition : ended) {
      after = transition.nodesAfter(after);
    }
    return after;
  }

  /** The nodes when those transitions have ended which are at a step. */
  SortedMap<UUID, NodeInfo> nodesAfter(Step step) {
    return nodesAfter(
        transitions.stream().filter(transition -> transition.step() == step).toList());
  }

  /** The transition under way with a number; null when there is none. */
  @Nullable Transition transition(long number) {
    for (Transition transition : transitions) {
      if (transition.number() == number) {
        return transition;
      }
    }
    return null;
  }

  /**
   * A node says what it is. A new one takes its share at once, which is right only as long as there
   * are no rows.
   *
   * @param epoch that the change will have
   */
  Outcome register(NodeInfo node, boolean rowsMayExist, long epoch) {
    NodeInfo known = nodes.get(node.hostId());
    if (node.equals(known)) {
      return new Outcome.Unchanged();
    }
    if (known != null && known.isWitness() != node.isWitness()) {
      return new Outcome.Refused(
          "node "
              + node.hostId()
              + " is of the cluster in another role; remove it, and let it join with an empty data"
              + " directory");
    }
    if (known != null && !node.isWitness() && !known.samePlacement(node)) {
      return new Outcome.Refused(
          "node " + node.hostId() + " owns other tokens, or stands in another rack, already");
    }
    if (known == null && !node.isWitness() && (rowsMayExist || !transitions.isEmpty())) {
      return new Outcome.Conflict(); // it has to join in steps
    }
    Outcome unfit = unfit(node, null);
    if (unfit != null) {
      return unfit;
    }
    SortedMap<UUID, NodeInfo> changed = new TreeMap<>(nodes);
    changed.put(node.hostId(), node);
    long owned = known == null && !node.isWitness() ? epoch : ownershipEpoch;
    return new Outcome.Changed(new Topology(changed, transitions, owned, removed));
  }

  /** Why a node as it wants to be cannot be of this cluster; null when it can. */
  private @Nullable Outcome unfit(NodeInfo node, @Nullable UUID replaced) {
    if (removed.contains(node.hostId())) {
      return new Outcome.Refused(
          "node "
              + node.hostId()
              + " was removed from the cluster; to join again as a new node it needs an empty data"
              + " directory");
    }
    for (NodeInfo other : members().values()) {
      if (other.hostId().equals(node.hostId()) || other.hostId().equals(replaced)) {
        continue;
      }
      if (other.internode().equals(node.internode())) {
        return new Outcome.Refused(
            "address "
                + node.internode()
                + " belongs to node "
                + other.hostId()
                + "; to take its place, if it is dead for good: replace_node: "
                + node.internode());
      }
      if (!Collections.disjoint(other.tokens(), node.tokens())) {
        return new Outcome.Conflict(); // chosen from a ring that has changed meanwhile
      }
    }
    for (Transition transition : transitions) {
      NodeInfo moving = transition.node();
      if (!moving.hostId().equals(node.hostId())
          && !Collections.disjoint(moving.tokens(), node.tokens())) {
        return new Outcome.Conflict();
      }
    }
    return null;
  }

  /**
   * Begins a transition.
   *
   * @param features that are switched on
   */
  Outcome begin(
      MetadataChange.BeginTransition change,
      SortedSet<String> features,
      Collection<KeyspaceMetadata> keyspaces,
      long epoch) {
    Transition begun = begun(change, epoch);
    String waits = waitsFor(begun, features, keyspaces);
    if (waits != null) {
      return new Outcome.Refused("another change of ownership is under way: " + waits);
    }
    Outcome unfit = unfit(begun, change.forced(), keyspaces);
    if (unfit != null) {
      return unfit;
    }
    Ownership before = new Ownership(nodes.values(), keyspaces);
    boolean refusesLoss = features.contains(Feature.REMOVALS_TOGETHER) && !change.acceptsLoss();
    if (begun.kind() == Transition.Kind.REMOVE && refusesLoss) {
      String losses = Losses.of(before, keyspaces, begun.dead());
      if (!losses.isEmpty()) {
        return new Outcome.Refused(losses);
      }
    }
    Ownership after = new Ownership(begun.nodesAfter(nodes).values(), keyspaces);
    Transition first = begun.at(Step.WRITE_BOTH, begun.participants(nodes));
    List<Transition> more = new ArrayList<>(transitions);
    more.add(first.receivedBy(Receivers.of(before, after, keyspaces)));
    return changed(more, epoch);
  }

  private static Transition begun(MetadataChange.BeginTransition change, long epoch) {
    return new Transition(
        epoch,
        change.kind(),
        change.node(),
        change.replaced(),
        change.others(),
        Step.WRITE_BOTH,
        new TreeSet<>(),
        new TreeSet<>());
  }

  /** Why a change cannot begin before another has ended, in words; null when it can. */
  private @Nullable String waitsFor(
      Transition begun, SortedSet<String> features, Collection<KeyspaceMetadata> keyspaces) {
    if (transitions.isEmpty()) {
      return null;
    }
    return features.contains(Feature.CHANGES_TOGETHER)
        ? Overlaps.refusal(begun, nodes, transitions, keyspaces)
        : Overlaps.name(transitions.getFirst());
  }

  /** Why a change cannot begin before another has ended, in words; null when it can. */
  @Nullable String waitsFor(
      MetadataChange.BeginTransition change,
      SortedSet<String> features,
      Collection<KeyspaceMetadata> keyspaces) {
    return waitsFor(begun(change, 0), features, keyspaces);
  }

  private @Nullable Outcome unfit(
      Transition begun, boolean forced, Collection<KeyspaceMetadata> keyspaces) {
    NodeInfo node = begun.node();
    NodeInfo known = nodes.get(node.hostId());
    boolean isNew = begun.kind() == Transition.Kind.JOIN || begun.kind() == Transition.Kind.REPLACE;
    if (isNew && known != null) {
      return new Outcome.Refused("node " + node.hostId() + " is of the cluster already");
    }
    if (!isNew && known == null) {
      return new Outcome.Refused("node " + node.hostId() + " is not of the cluster");
    }
    for (UUID other : begun.others()) {
      if (begun.kind() != Transition.Kind.REMOVE) {
        return new Outcome.Refused("only a removal takes out others");
      }
      if (!nodes.containsKey(other)) {
        return new Outcome.Refused("node " + other + " is not of the cluster");
      }
    }
    if (begun.kind() == Transition.Kind.MOVE && known != null) {
      if (known.isWitness() || node.isWitness()) {
        return new Outcome.Refused("a witness owns nothing that could move");
      }
      if (!known.datacenter().equals(node.datacenter())) {
        return new Outcome.Refused(
            "a node does not move to another data centre: let a new one join there");
      }
      if (known.samePlacement(node)) {
        return new Outcome.Refused("node " + node.hostId() + " is there already");
      }
    }
    UUID replaced = begun.replaced();
    if (begun.kind() == Transition.Kind.REPLACE) {
      NodeInfo dead = replaced == null ? null : nodes.get(replaced);
      if (dead == null) {
        return new Outcome.Refused("node " + replaced + " is not of the cluster");
      }
      if (!dead.tokens().equals(node.tokens()) || !dead.datacenter().equals(node.datacenter())) {
        return new Outcome.Conflict();
      }
    }
    if (isNew && node.isWitness()) {
      return new Outcome.Refused("a witness owns nothing: it is registered, and joins at once");
    }
    boolean leaves =
        begun.kind() == Transition.Kind.LEAVE || begun.kind() == Transition.Kind.REMOVE;
    if (leaves) {
      return forced ? null : tooFew(begun, keyspaces);
    }
    return unfit(node, replaced);
  }

  private @Nullable Outcome tooFew(Transition begun, Collection<KeyspaceMetadata> keyspaces) {
    SortedSet<UUID> gone = begun.leaving();
    transitions.forEach(transition -> gone.addAll(transition.leaving()));
    // Whoever is about to join may change its mind.
    List<NodeInfo> after =
        nodes.values().stream()
            .filter(node -> !node.isWitness() && !gone.contains(node.hostId()))
            .toList();
    SortedSet<String> datacenters = new TreeSet<>();
    for (UUID leaving : begun.leaving()) {
      NodeInfo node = nodes.get(leaving);
      if (node != null && !node.isWitness()) {
        datacenters.add(node.datacenter());
      }
    }
    for (KeyspaceMetadata keyspace : keyspaces) {
      boolean enough =
          datacenters.isEmpty()
              || switch (keyspace.replication()) {
                case Replication.Simple simple -> after.size() >= simple.factor();
                case Replication.NetworkTopology topology ->
                    datacenters.stream()
                        .allMatch(datacenter ->
                            count(after, datacenter)
                                >= topology.factors().getOrDefault(datacenter, 0));
                case Replication.Local local -> true;
              };
      if (!enough) {
        return new Outcome.Refused(
            "too few nodes would be left for the replicas of keyspace "
                + keyspace.name()
                + " ("
                + keyspace.replication().asMap()
                + "); lower its replication first, or force it");
      }
    }
    return null;
  }

  private static long count(List<NodeInfo> nodes, String datacenter) {
    return nodes.stream().filter(node -> node.datacenter().equals(datacenter)).count();
  }

  private Outcome changed(List<Transition> next, long epoch) {
    return new Outcome.Changed(new Topology(nodes, next, epoch, removed));
  }

  /** A node says that it knows a step. */
  Outcome acknowledge(long number, Step step, UUID hostId, long epoch) {
    Transition now = transition(number);
    if (now == null || now.step() != step) {
      return new Outcome.Unchanged();
    }
    return advance(now, now.without(hostId, NOBODY), epoch);
  }

  private static final UUID NOBODY = new UUID(0, 0);

  /** A new owner says that it has everything. */
  Outcome streamed(long number, UUID hostId, long epoch) {
    Transition now = transition(number);
    if (now == null || !now.mayStream()) {
      return new Outcome.Unchanged();
    }
    return advance(now, now.without(NOBODY, hostId), epoch);
  }

  private Outcome advance(Transition now, Transition next, long epoch) {
    return next.equals(now) ? new Outcome.Unchanged() : new Outcome.Changed(advanced(next, epoch));
  }

  /** With a transition as it is now, and at its next step when nothing is waited for any more. */
  private Topology advanced(Transition next, long epoch) {
    if (!next.awaited().isEmpty()) {
      return with(next, ownershipEpoch);
    }
    if (next.step() == Step.WRITE_BOTH) {
      return next.receivers().isEmpty()
          ? with(next.at(Step.READ_NEW, next.participants(nodes)), epoch)
          : with(next, ownershipEpoch);
    }
    return ended(next, epoch);
  }

  private Topology with(Transition next, long newOwnershipEpoch) {
    List<Transition> changed = new ArrayList<>(transitions);
    changed.replaceAll(transition -> transition.number() == next.number() ? next : transition);
    return new Topology(nodes, changed, newOwnershipEpoch, removed);
  }

  private List<Transition> without(Transition transition) {
    return transitions.stream().filter(other -> other.number() != transition.number()).toList();
  }

  /**
   * The owners before are forgotten. Nobody waits for those any more who are not of the cluster:
   * they own nothing that another change concerns, and whatever they ask for is refused.
   */
  private Topology ended(Transition transition, long epoch) {
    SortedMap<UUID, NodeInfo> after = transition.nodesAfter(nodes);
    SortedSet<UUID> gone = new TreeSet<>(nodes.keySet());
    gone.removeAll(after.keySet());
    SortedSet<UUID> allRemoved = new TreeSet<>(removed);
    allRemoved.addAll(gone);
    Topology ended = new Topology(after, without(transition), epoch, allRemoved);
    for (Transition each : without(transition)) {
      Transition other = ended.transition(each.number()); // may have ended with one before it
      Transition fewer = other == null ? null : other.withoutThose(gone);
      if (fewer != null && !fewer.equals(other)) {
        ended = ended.advanced(fewer, epoch);
      }
    }
    return ended;
  }

  /** Goes back to the owners before, as long as nobody reads from those after. */
  Outcome cancel(long number, long epoch) {
    Transition now = transition(number);
    if (now == null) {
      return new Outcome.Refused("there is no such change of ownership under way");
    }
    if (now.step() != Step.WRITE_BOTH) {
      return new Outcome.Refused(
          "the new owners serve reads already; it can only go on to its end");
    }
    return changed(without(now), epoch);
  }
}
