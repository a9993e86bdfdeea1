package io.quorate.coordinator.metadata;

import java.util.Collections;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A change of ownership under way. It goes in steps, each an epoch, so that whoever wrote and
 * whoever reads meet in one set of replicas:
 *
 * <pre>
 * WRITE_BOTH   requests need their level among the owners before and among those after, reads at
 *              ONE ask those before; once all nodes know it, the new owners fetch what is there
 * READ_NEW     the new owners have everything: reads at ONE ask them, all else still needs both
 * (the end)    once all nodes know that, the owners before are forgotten
 * </pre>
 *
 * <p>Several go on at once when no two concern one range ({@link Overlaps}).
 *
 * <p>A node that does not know a step yet may coordinate under the one before it. That does no
 * harm: a replica that knows the step refuses it, and the next step waits until all know this one.
 *
 * @param number the epoch at which it began
 * @param node the one whose place changes: as it will be, or, when it leaves, as it is
 * @param replaced the node whose place it takes; only in a replacement
 * @param others dead nodes that are taken out together with it; only in a removal
 * @param awaited the nodes that have not said yet that they know the step
 * @param receivers the nodes that do not have all rows yet which they will own
 */
public record Transition(
    long number,
    Kind kind,
    NodeInfo node,
    @Nullable UUID replaced,
    SortedSet<UUID> others,
    Step step,
    SortedSet<UUID> awaited,
    SortedSet<UUID> receivers) {

  /** What it is for. */
  public enum Kind {
    /** A new node takes its share. */
    JOIN,
    /** A node gives up what it has, and takes part until the end. */
    LEAVE,
    /** Nodes that are dead are taken out. */
    REMOVE,
    /** A new node takes the place of one that is dead. */
    REPLACE,
    /** A node goes to other tokens, another rack. */
    MOVE
  }

  /** How far it is. */
  public enum Step {
    WRITE_BOTH,
    READ_NEW
  }

  public Transition {
    others = Collections.unmodifiableSortedSet(new TreeSet<>(others));
    awaited = Collections.unmodifiableSortedSet(new TreeSet<>(awaited));
    receivers = Collections.unmodifiableSortedSet(new TreeSet<>(receivers));
  }

  /** Who is dead and taken out: nobody waits for them, nor fetches from them. */
  public SortedSet<UUID> dead() {
    SortedSet<UUID> dead = new TreeSet<>(others);
    if (kind == Kind.REMOVE) {
      dead.add(node.hostId());
    } else if (replaced != null) {
      dead.add(replaced);
    }
    return dead;
  }

  /** The nodes that it is about. */
  SortedSet<UUID> subjects() {
    SortedSet<UUID> subjects = dead();
    subjects.add(node.hostId());
    return subjects;
  }

  /** Who is of the cluster now, and is not when it has ended. */
  public SortedSet<UUID> leaving() {
    SortedSet<UUID> leaving = dead();
    if (kind == Kind.LEAVE) {
      leaving.add(node.hostId());
    }
    return leaving;
  }

  /** The nodes of the cluster when it has ended. */
  SortedMap<UUID, NodeInfo> nodesAfter(SortedMap<UUID, NodeInfo> nodes) {
    SortedMap<UUID, NodeInfo> after = new TreeMap<>(nodes);
    after.keySet().removeAll(leaving());
    switch (kind) {
      case JOIN, REPLACE -> after.put(node.hostId(), node);
      // Its address may have become another meanwhile.
      case MOVE ->
          after.computeIfPresent(
              node.hostId(), (id, now) -> now.movedTo(node.rack(), node.tokens()));
      case LEAVE, REMOVE -> {}
    }
    return after;
  }

  /** All who take part, of the nodes before and after. A witness plans no request. */
  SortedSet<UUID> participants(SortedMap<UUID, NodeInfo> nodes) {
    SortedSet<UUID> all = new TreeSet<>();
    nodes.forEach((hostId, other) -> {
      if (!other.isWitness()) {
        all.add(hostId);
      }
    });
    all.add(node.hostId());
    all.removeAll(dead());
    return all;
  }

  /** Whether the new owners may fetch: all who might coordinate or serve write to them already. */
  public boolean mayStream() {
    return step == Step.WRITE_BOTH && awaited.isEmpty();
  }

  Transition without(UUID known, UUID done) {
    SortedSet<UUID> stillAwaited = new TreeSet<>(awaited);
    stillAwaited.remove(known);
    SortedSet<UUID> stillReceiving = new TreeSet<>(receivers);
    stillReceiving.remove(done);
    return new Transition(number, kind, node, replaced, others, step, stillAwaited, stillReceiving);
  }

  /** Without waiting for nodes that have left the cluster meanwhile. */
  Transition withoutThose(SortedSet<UUID> gone) {
    SortedSet<UUID> stillAwaited = new TreeSet<>(awaited);
    stillAwaited.removeAll(gone);
    return at(step, stillAwaited);
  }

  Transition receivedBy(SortedSet<UUID> newOwners) {
    return new Transition(number, kind, node, replaced, others, step, awaited, newOwners);
  }

  Transition at(Step next, SortedSet<UUID> nowAwaited) {
    return new Transition(number, kind, node, replaced, others, next, nowAwaited, receivers);
  }
}
