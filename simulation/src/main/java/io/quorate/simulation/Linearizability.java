package io.quorate.simulation;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Whether a history of one register is linearisable: whether each operation can be given a moment
 * between its begin and its end, so that in the order of these moments each does what a register
 * does. The search is that of Wing and Gong (JPDC 17, 1993), with Lowe's memory of what was tried
 * in vain (2017): the same operations done, and the same value left.
 */
final class Linearizability {
  /** An operation of unknown outcome may take effect at any time after it began. */
  static final long NEVER = Long.MAX_VALUE;

  /** What was done, and what became of it. */
  sealed interface Action {
    /** Saw a value. */
    record Read(long value) implements Action {}

    /** Put {@code next} in the place of {@code expected}. */
    record Swap(long expected, long next) implements Action {}

    /** Was told that the value is not {@code expected}. */
    record Miss(long expected) implements Action {}
  }

  /**
   * @param client who did it, for the reader of a history
   * @param endNanos {@link #NEVER} when it is not known whether it took effect
   */
  record Operation(String client, Action action, long beginNanos, long endNanos) {}

  private record Tried(BitSet done, long value) {}

  private final List<Operation> operations;
  private final Set<Tried> inVain = new HashSet<>();
  private final BitSet done = new BitSet();

  private Linearizability(List<Operation> history) {
    operations = new ArrayList<>(history);
    operations.sort(Comparator.comparingLong(Operation::beginNanos));
  }

  /** Whether the history is that of a register that began with a value. */
  static boolean holds(List<Operation> history, long initial) {
    return new Linearizability(history).search(initial);
  }

  private boolean search(long value) {
    long firstEnd = NEVER;
    for (int i = done.nextClearBit(0); i < operations.size(); i = done.nextClearBit(i + 1)) {
      firstEnd = Math.min(firstEnd, operations.get(i).endNanos());
    }
    if (firstEnd == NEVER) {
      return true; // what is left may never have taken effect
    }
    if (!inVain.add(new Tried((BitSet) done.clone(), value))) {
      return false;
    }
    for (int i = done.nextClearBit(0); i < operations.size(); i = done.nextClearBit(i + 1)) {
      Operation next = operations.get(i);
      if (next.beginNanos() > firstEnd) {
        return false; // another one had ended before this, and those behind it, began
      }
      boolean fits =
          switch (next.action()) {
            case Action.Read read -> read.value() == value;
            case Action.Swap swap -> swap.expected() == value;
            case Action.Miss miss -> miss.expected() != value;
          };
      if (fits) {
        done.set(i);
        if (search(next.action() instanceof Action.Swap swap ? swap.next() : value)) {
          return true;
        }
        done.clear(i);
      }
    }
    return false;
  }
}
