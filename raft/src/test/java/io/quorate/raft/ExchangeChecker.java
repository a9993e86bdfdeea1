package io.quorate.raft;

import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;

/**
 * The five properties ({@link SafetyChecker}) of the members of a {@link TestRing}, and that a
 * change of the voters is committed by a majority of each side (section 4.3).
 */
final class ExchangeChecker {
  private final SafetyChecker safety;
  private final Set<Long> seen = new TreeSet<>();
  private final Set<Long> exchanges = new TreeSet<>();

  ExchangeChecker(SafetyChecker safety) {
    this.safety = safety;
  }

  /** Joint configurations that were committed. */
  long exchanges() {
    return exchanges.size();
  }

  void check(Collection<TestRing.Member> members) {
    for (TestRing.Member member : members) {
      safety.check(member.id, member.isUp() ? member.core() : null);
    }
    members.forEach(member -> check(member, members));
  }

  /** When a configuration is first known to be committed, a majority of it has it on disk. */
  private void check(TestRing.Member member, Collection<TestRing.Member> members) {
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
        throw new SafetyChecker.Violation(
            member.id + " commits " + entry + ", which only " + have + " have on disk");
      }
    }
  }

  private static boolean isOnDisk(TestRing.Member member, Entry entry) {
    return member.diskSnapshot.index() >= entry.index() || member.diskEntries.contains(entry);
  }
}
