package io.quorate.coordinator.metadata;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Which changes of ownership may go on at once: those of which no two concern one range.
 *
 * <p>A change <em>concerns</em> a range of a keyspace when the range has other replicas, or has
 * them in another order, with it than without it, whichever of the other changes have taken effect.
 * All sets of these are looked at, for the effects of two changes are more than the sum of each:
 * over racks and data centres the choice of replicas depends on which nodes there are elsewhere.
 *
 * <p>When at most one change {@code T} concerns a range, its replicas are <em>before</em> (as
 * without any change) as long as {@code T} has not taken effect, and <em>after</em> (as with {@code
 * T} alone) when it has, whatever becomes of the others: in any order they can be switched on or
 * off one by one, and none of these steps moves this range. So
 *
 * <ul>
 *   <li>each range has one pair of sets, and goes through the steps of {@link Transition} as if
 *       {@code T} were alone. Reads at ONE ask the ring with all changes whose reads have moved;
 *       the other set is that of the ring with all those whose have not (for a range of {@code T}
 *       exactly one of both rings has {@code T}, and the rest makes no difference);
 *   <li>changes end and are taken back in any order. What ends or is taken back leaves fewer sets
 *       to look at, of those that were looked at already: what did not overlap never will;
 *   <li>who gives rows to a range of {@code T}, or gets them, is not taken out by another change:
 *       it is a replica before or after, without which the range would be another. Nor does the
 *       order change in which givers and receivers are paired, when a node starts again meanwhile;
 *   <li>whoever of the dead may take acknowledged rows along ({@link Losses}) is a replica of no
 *       range of another change: looking at the replicas before is enough.
 * </ul>
 *
 * <p>The same range in two data centres is one range. With three replicas in each, one exchanged in
 * each at once, a write that has a quorum of {@code {1,2,3,5,6,7}} and of {@code {4,2,3,8,6,7}} may
 * be at 1, 3, 6, 7, 8 and 2 missing: of {@code {4,2,3,5,6,7}}, which is what is left when one
 * change ends and the other is taken back, these are no four. Two sets would not do, it would have
 * to be four. So what makes changes in two data centres independent is that no keyspace has
 * replicas in both.
 *
 * <p>Beside that: a node has one change at a time; and of the changes under way one at most takes
 * out dead nodes, for each waits for all that it does not take out itself, and two would wait for
 * each other. (They can be taken out together.)
 *
 * <p>All members of the metadata ring must come to the same answer: another rule is another {@link
 * Feature}.
 */
final class Overlaps {
  /** As many as 2^4 rings can be looked at for. */
  static final int MOST_AT_ONCE = 4;

  private Overlaps() {}

  /**
   * Two changes that concern the same ranges.
   *
   * @param share of the ring's tokens
   * @param keyspace one in which it is so
   * @param range the first of it, in words
   */
  record Overlap(Transition one, Transition other, double share, String keyspace, String range) {}

  /** Why a change has to wait for another; null when it need not. */
  static @Nullable String refusal(
      Transition begun,
      SortedMap<UUID, NodeInfo> nodes,
      List<Transition> underWay,
      Collection<KeyspaceMetadata> keyspaces) {
    for (Transition other : underWay) {
      if (!Collections.disjoint(begun.subjects(), other.subjects())) {
        return name(other) + ": it is about the same node";
      }
      if (!begun.dead().isEmpty() && !other.dead().isEmpty()) {
        return name(other)
            + ": each would wait for the other's dead; cancel it and remove all of them together";
      }
    }
    if (underWay.size() >= MOST_AT_ONCE) {
      return name(underWay.getFirst()) + ": no more than " + MOST_AT_ONCE + " go on at once";
    }
    List<Transition> all = new ArrayList<>(underWay);
    all.add(begun);
    Overlap widest = null;
    for (Overlap overlap : of(nodes, all, keyspaces)) {
      if (widest == null || overlap.share > widest.share) {
        widest = overlap;
      }
    }
    if (widest == null) {
      return null;
    }
    return name(widest.one)
        + String.format(
            Locale.ROOT,
            ": they share %.1f %% of the ring, the first range %s of keyspace %s",
            100 * widest.share,
            widest.range,
            widest.keyspace);
  }

  /** A change in words. */
  static String name(Transition transition) {
    return "change "
        + transition.number()
        + " ("
        + transition.kind()
        + " of node "
        + transition.node().hostId()
        + ")";
  }

  /** All pairs of changes that overlap, the older one first. */
  static List<Overlap> of(
      SortedMap<UUID, NodeInfo> nodes,
      List<Transition> transitions,
      Collection<KeyspaceMetadata> keyspaces) {
    List<Overlap> overlaps = new ArrayList<>();
    if (transitions.size() < 2 || keyspaces.isEmpty()) {
      return overlaps;
    }
    Ownership[] owners = owners(nodes, transitions, keyspaces);
    List<Long> ends = List.copyOf(ends(owners));
    for (int one = 0; one < transitions.size(); one++) {
      for (int other = one + 1; other < transitions.size(); other++) {
        double share = 0;
        String where = "";
        String range = "";
        for (int i = 0; i < ends.size(); i++) {
          long end = ends.get(i);
          long before = ends.get(i == 0 ? ends.size() - 1 : i - 1);
          for (KeyspaceMetadata keyspace : keyspaces) {
            if (concerns(owners, one, keyspace.name(), end)
                && concerns(owners, other, keyspace.name(), end)) {
              if (where.isEmpty()) {
                where = keyspace.name();
                range = "]" + before + ", " + end + "]";
              }
              share += ends.size() == 1 ? 1 : ((end - before) >>> 1) / 0x1.0p63;
              break;
            }
          }
        }
        if (!where.isEmpty()) {
          overlaps.add(
              new Overlap(transitions.get(one), transitions.get(other), share, where, range));
        }
      }
    }
    return overlaps;
  }

  /** Who owns what by which changes have taken effect, a bit each. */
  private static Ownership[] owners(
      SortedMap<UUID, NodeInfo> nodes,
      List<Transition> transitions,
      Collection<KeyspaceMetadata> keyspaces) {
    Ownership[] owners = new Ownership[1 << transitions.size()];
    for (int effective = 0; effective < owners.length; effective++) {
      SortedMap<UUID, NodeInfo> then = nodes;
      for (int i = 0; i < transitions.size(); i++) {
        if ((effective >>> i & 1) == 1) {
          then = transitions.get(i).nodesAfter(then);
        }
      }
      owners[effective] = new Ownership(then.values(), keyspaces);
    }
    return owners;
  }

  /** Where a range may end: between two of these the replicas are the same in each ring. */
  private static SortedSet<Long> ends(Ownership[] owners) {
    SortedSet<Long> ends = new TreeSet<>();
    for (Ownership each : owners) {
      for (int range = 0; range < each.ring().rangeCount(); range++) {
        ends.add(each.ring().token(range));
      }
    }
    return ends;
  }

  private static boolean concerns(Ownership[] owners, int change, String keyspace, long token) {
    for (int effective = 0; effective < owners.length; effective++) {
      if ((effective >>> change & 1) == 0
          && !Ownership.isSame(
              owners[effective].replicas(keyspace, token),
              owners[effective | 1 << change].replicas(keyspace, token))) {
        return true;
      }
    }
    return false;
  }
}
