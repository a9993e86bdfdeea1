package io.quorate.raft;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The five properties of figure 3.2, for simulations: shown every member after each of its steps,
 * it throws a {@link Violation} when one does not hold.
 *
 * <p>Log matching is checked entry by entry: an entry is named by its index and term, and every log
 * that has it must have the same command there and the same term before it. By induction the logs
 * are equal up to it. So what was looked at of a log once is not looked at again as long as its
 * last entry is still there; a member that started anew is looked at as a whole.
 *
 * <p>Not thread-safe.
 */
public final class SafetyChecker {

  /** A property does not hold. */
  public static final class Violation extends AssertionError {
    private static final long serialVersionUID = 1;

    public Violation(String message) {
      super(message);
    }
  }

  private record Name(long index, long term) implements Comparable<Name> {
    @Override
    public int compareTo(Name other) {
      int byIndex = Long.compare(index, other.index);
      return byIndex != 0 ? byIndex : Long.compare(term, other.term);
    }
  }

  private record Content(long previousTerm, Entry entry) {}

  private record Commit(Entry entry, long inTerm) {}

  /** A member as it was looked at last. */
  private static final class Seen {
    final RaftCore core;
    long lastIndex;
    long lastTerm;
    long commit;

    /** In which term it led then; 0 when it did not. */
    long ledTerm;

    Seen(RaftCore core) {
      this.core = core;
    }

    boolean isPrefixOf(RaftCore now) {
      return lastIndex <= now.lastIndex()
          && (lastIndex < now.firstIndex() || now.termAt(lastIndex) == lastTerm);
    }
  }

  private final Map<Long, PeerId> leaderOfTerm = new TreeMap<>();
  private final Map<Name, Content> entries = new TreeMap<>();
  private final TreeMap<Long, Commit> committed = new TreeMap<>();
  private final Map<Long, Entry> applied = new TreeMap<>();
  private final Map<PeerId, Seen> seen = new HashMap<>();

  /** The highest index that any member has known to be committed. */
  public long greatestCommit() {
    return committed.isEmpty() ? 0 : committed.lastKey();
  }

  /**
   * Looks at a member that may have taken a step.
   *
   * @param core null when it is down
   */
  @SuppressWarnings("ReferenceEquality") // another core is another life of the member
  public void check(PeerId member, @Nullable RaftCore core) {
    if (core == null) {
      seen.remove(member);
      return;
    }
    Seen before = seen.get(member);
    if (before == null || before.core != core) {
      before = new Seen(core);
      seen.put(member, before);
    }
    boolean isLogSame =
        before.lastIndex == core.lastIndex()
            && before.lastTerm == core.termAt(core.lastIndex())
            && before.commit == core.commitIndex();
    if (isLogSame && (core.isLeader() ? before.ledTerm == core.term() : before.ledTerm == 0)) {
      return;
    }
    checkLog(member, before);
    checkLeader(member, before);
    checkCommits(member, before);
    before.lastIndex = core.lastIndex();
    before.lastTerm = core.termAt(core.lastIndex());
    before.commit = core.commitIndex();
    before.ledTerm = core.isLeader() ? core.term() : 0;
  }

  /** State machine safety: no two members apply different entries at one index. */
  void onApply(PeerId member, Entry entry) {
    Entry other = applied.putIfAbsent(entry.index(), entry);
    if (other != null && !other.equals(entry)) {
      throw new Violation(member + " applies " + entry + " where " + other + " was applied");
    }
  }

  private void checkLog(PeerId member, Seen before) {
    RaftCore core = before.core;
    long known = before.isPrefixOf(core) ? before.lastIndex : 0;
    for (long index = Math.max(core.firstIndex(), known + 1); index <= core.lastIndex(); index++) {
      Entry entry = core.entryAt(index);
      Content content = new Content(core.termAt(index - 1), entry);
      Content other = entries.putIfAbsent(new Name(index, entry.term()), content);
      if (other != null && !other.equals(content)) {
        throw new Violation("log matching: " + member + " has " + content + ", not " + other);
      }
    }
  }

  private void checkLeader(PeerId member, Seen before) {
    RaftCore core = before.core;
    if (!core.isLeader()) {
      return;
    }
    PeerId other = leaderOfTerm.putIfAbsent(core.term(), member);
    if (other != null && !other.equals(member)) {
      throw new Violation(
          "election safety: " + member + " and " + other + " lead term " + core.term());
    }
    if (before.ledTerm != core.term()) {
      checkCompleteness(member, core);
    } else if (!before.isPrefixOf(core)) {
      throw new Violation("leader append-only: " + member + " cut its log");
    }
  }

  private void checkCompleteness(PeerId member, RaftCore core) {
    committed.forEach((index, commit) -> {
      boolean earlier = commit.inTerm() < core.term();
      boolean has =
          index < core.firstIndex()
              || (index <= core.lastIndex() && core.termAt(index) == commit.entry().term());
      if (earlier && !has) {
        throw new Violation(
            "leader completeness: "
                + member
                + " leads term "
                + core.term()
                + " without "
                + commit.entry()
                + ", committed in term "
                + commit.inTerm());
      }
    });
  }

  private void checkCommits(PeerId member, Seen before) {
    RaftCore core = before.core;
    if (core.commitIndex() < before.commit) {
      throw new Violation("the commit index of " + member + " goes back to " + core.commitIndex());
    }
    long first = Math.max(core.firstIndex(), before.commit + 1);
    for (long index = first; index <= core.commitIndex(); index++) {
      Entry entry = core.entryAt(index);
      Commit commit = new Commit(entry, core.term());
      Commit other = committed.putIfAbsent(index, commit);
      if (other != null && !Objects.equals(other.entry(), entry)) {
        throw new Violation(
            "state machine safety: " + member + " commits " + entry + ", not " + other.entry());
      }
    }
  }
}
