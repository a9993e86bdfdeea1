package io.quorate.raft;

import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The five properties of figure 3.2, checked on all members after every step, and that a change of
 * the voters is committed by a majority of each side (section 4.3).
 *
 * <p>Log matching is checked entry by entry: an entry is named by its index and term, and every log
 * that has it must have the same command there and the same term before it. By induction the logs
 * are equal up to it.
 */
final class SafetyChecker {
  /** A property does not hold. */
  static final class Violation extends AssertionError {
    private static final long serialVersionUID = 1;

    Violation(String message) {
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

  private record Led(long term, long lastIndex, long lastTerm) {}

  private final Map<Long, PeerId> leaderOfTerm = new TreeMap<>();
  private final Map<Name, Content> entries = new TreeMap<>();
  private final Map<Long, Commit> committed = new TreeMap<>();
  private final Map<Long, Entry> applied = new TreeMap<>();
  private final Map<PeerId, Led> led = new TreeMap<>();
  private final Set<Long> seen = new TreeSet<>();
  private final Set<Long> exchanges = new TreeSet<>();
  private long greatestCommit;

  /** The highest index that any member has known to be committed. */
  long greatestCommit() {
    return greatestCommit;
  }

  /** Joint configurations that were committed. */
  long exchanges() {
    return exchanges.size();
  }

  void check(Collection<TestRing.Member> members) {
    members.forEach(this::check);
    members.forEach(member -> checkExchange(member, members));
  }

  /** When a configuration is first known to be committed, a majority of it has it on disk. */
  private void checkExchange(TestRing.Member member, Collection<TestRing.Member> members) {
    if (!member.isUp()) {
      return;
    }
    RaftCore core = member.core();
    for (long at = core.firstIndex(); at <= core.commitIndex(); at++) {
      Entry entry = core.entryAt(at);
      if (entry.kind() != Entry.Kind.CONFIGURATION || !seen.add(at)) {
        continue;
      }
      if (entry.configuration().isJoint()) {
        exchanges.add(at);
      }
      Set<PeerId> have = new TreeSet<>();
      members.stream().filter(each -> isOnDisk(each, entry)).forEach(each -> have.add(each.id));
      if (!entry.configuration().isMajority(have::contains)) {
        throw new Violation(
            member.id + " commits " + entry + ", which only " + have + " have on disk");
      }
    }
  }

  private static boolean isOnDisk(TestRing.Member member, Entry entry) {
    return member.diskSnapshot.index() >= entry.index() || member.diskEntries.contains(entry);
  }

  void check(TestRing.Member member) {
    if (!member.isUp()) {
      led.remove(member.id);
      return;
    }
    RaftCore core = member.core();
    checkLog(member.id, core);
    checkLeader(member.id, core);
    checkCommits(member.id, core);
  }

  /** State machine safety: no two members apply different entries at one index. */
  void onApply(PeerId member, Entry entry) {
    Entry other = applied.putIfAbsent(entry.index(), entry);
    if (other != null && !other.equals(entry)) {
      throw new Violation(member + " applies " + entry + " where " + other + " was applied");
    }
  }

  private void checkLog(PeerId member, RaftCore core) {
    for (long index = core.firstIndex(); index <= core.lastIndex(); index++) {
      Entry entry = core.entryAt(index);
      Content content = new Content(core.termAt(index - 1), entry);
      Content other = entries.putIfAbsent(new Name(index, entry.term()), content);
      if (other != null && !other.equals(content)) {
        throw new Violation("log matching: " + member + " has " + content + ", not " + other);
      }
    }
  }

  private void checkLeader(PeerId member, RaftCore core) {
    if (!core.isLeader()) {
      led.remove(member);
      return;
    }
    PeerId other = leaderOfTerm.putIfAbsent(core.term(), member);
    if (other != null && !other.equals(member)) {
      throw new Violation(
          "election safety: " + member + " and " + other + " lead term " + core.term());
    }
    Led before = led.get(member);
    if (before == null || before.term() != core.term()) {
      checkCompleteness(member, core);
    } else {
      boolean kept =
          core.lastIndex() >= before.lastIndex()
              && (before.lastIndex() < core.firstIndex()
                  || core.termAt(before.lastIndex()) == before.lastTerm());
      if (!kept) {
        throw new Violation("leader append-only: " + member + " cut its log");
      }
    }
    led.put(member, new Led(core.term(), core.lastIndex(), core.termAt(core.lastIndex())));
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

  private void checkCommits(PeerId member, RaftCore core) {
    for (long index = core.firstIndex(); index <= core.commitIndex(); index++) {
      Entry entry = core.entryAt(index);
      Commit commit = new Commit(entry, core.term());
      Commit other = committed.putIfAbsent(index, commit);
      if (other != null && !other.entry().equals(entry)) {
        throw new Violation(
            "state machine safety: " + member + " commits " + entry + ", not " + other.entry());
      }
    }
    greatestCommit = Math.max(greatestCommit, core.commitIndex());
  }
}
