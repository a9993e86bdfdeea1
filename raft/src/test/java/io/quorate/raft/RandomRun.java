package io.quorate.raft;

import io.quorate.raft.TestRing.Flaw;
import io.quorate.raft.TestRing.InFlight;
import io.quorate.raft.TestRing.Member;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * One seed: a ring under lost, repeated and reordered messages, cuts, slow disks, crashes that lose
 * what was not written, compaction, transfers and changes of the voters; then everything heals and
 * must work.
 */
final class RandomRun {
  private final SplittableRandom random;
  private final TestRing ring;
  private final SafetyChecker safety = new SafetyChecker();
  private final ExchangeChecker checker = new ExchangeChecker(safety);
  private final List<Member> members;
  private final int crashWeight;

  /** Of each read that was asked for, the greatest commit at that time. */
  private final Map<Long, Long> readFloor = new TreeMap<>();

  private long nextRead = 1;
  private int proposals;

  /** What happened, for the test that looks whether anything did. */
  long committed;

  long servedReads;
  long exchanges;

  RandomRun(long seed, int voters, Flaw flaw, int crashWeight) {
    this.random = new SplittableRandom(seed);
    this.crashWeight = crashWeight;
    int appendBytes = random.nextBoolean() ? 1 : 200;
    int inflight = 1 + random.nextInt(3);
    int trailing = random.nextInt(5);
    this.ring =
        new TestRing(
            voters,
            random.nextInt(3),
            random,
            flaw,
            config ->
                config.withMessages(inflight, appendBytes, 7).withSnapshots(1 << 20, trailing),
            safety::onApply);
    this.members = new ArrayList<>(ring.members());
  }

  void run(int steps) {
    for (int i = 0; i < steps; i++) {
      Member member = members.get(random.nextInt(members.size()));
      step(member);
      checkReads(member);
      checker.check(members);
    }
    heal();
    committed = safety.greatestCommit();
    exchanges = checker.exchanges();
  }

  private void step(Member member) {
    int choice = random.nextInt(1000);
    if (!member.isUp() && choice < 50) {
      member.start();
      member.collect();
    } else if (choice < crashWeight) {
      member.crash();
    } else if (choice < 720) {
      deliverOne();
    } else if (choice < 725) {
      toggleCut();
    } else if (member.isUp()) {
      act(member, choice);
      member.collect();
    }
  }

  private void act(Member member, int choice) {
    RaftCore core = member.core();
    if (choice < 800) {
      core.tick();
    } else if (choice < 900) {
      member.persist();
    } else if (choice < 940) {
      core.propose(("p" + proposals++).getBytes(StandardCharsets.UTF_8));
    } else if (choice < 970) {
      readFloor.put(nextRead, safety.greatestCommit());
      core.readIndex(nextRead++);
    } else if (choice < 985) {
      member.compact();
    } else if (choice < 990) {
      core.changeVoters(someMembers());
    } else {
      core.transferLeadership(members.get(random.nextInt(members.size())).id);
    }
  }

  private Set<PeerId> someMembers() {
    Set<PeerId> some = new TreeSet<>();
    int count = 1 + random.nextInt(Math.min(5, members.size()));
    while (some.size() < count) {
      some.add(members.get(random.nextInt(members.size())).id);
    }
    return some;
  }

  private void deliverOne() {
    if (ring.network.isEmpty()) {
      return;
    }
    // Mostly in order, sometimes far out of it.
    int span = random.nextInt(8) == 0 ? ring.network.size() : Math.min(3, ring.network.size());
    InFlight message = ring.network.get(random.nextInt(span));
    boolean repeats = random.nextInt(20) == 0 && ring.network.size() < 200;
    if (!repeats) {
      ring.network.remove(message);
    }
    if (random.nextInt(40) != 0) {
      ring.deliver(message);
    }
  }

  private void toggleCut() {
    if (random.nextBoolean()) {
      ring.cuts.clear();
      return;
    }
    Member a = members.get(random.nextInt(members.size()));
    Member b = members.get(random.nextInt(members.size()));
    ring.cuts.add(a.id + ">" + b.id);
  }

  private void checkReads(Member member) {
    for (RaftCore.ReadState read : member.reads) {
      long floor = readFloor.getOrDefault(read.context(), 0L);
      if (read.index() < floor) {
        throw new SafetyChecker.Violation(
            "stale read at " + member.id + ": index " + read.index() + ", committed " + floor);
      }
      servedReads++;
    }
    member.reads.clear();
  }

  /**
   * With everything well again, a leader must be found, a change that was begun be over, and a
   * proposal reach every member, with or without a vote.
   */
  private void heal() {
    ring.cuts.clear();
    for (Member member : members) {
      if (!member.isUp()) {
        member.start();
      }
    }
    boolean proposed = false;
    for (int i = 0; i < 400; i++) {
      ring.settle();
      checker.check(members);
      for (Member member : members) {
        if (!proposed && i >= 100 && member.core().isLeader()) {
          proposed =
              member.core().propose("healed".getBytes(StandardCharsets.UTF_8))
                  == RaftCore.ProposeResult.ACCEPTED;
        }
        member.core().tick();
      }
    }
    ring.settle();
    checker.check(members);
    long last = safety.greatestCommit();
    Member leader =
        members.stream().filter(member -> member.core().isLeader()).findFirst().orElse(null);
    if (!proposed || leader == null || leader.core().configuration().isJoint()) {
      throw new SafetyChecker.Violation("liveness: no leader, or no end of a change");
    }
    for (Member member : members) {
      if (member.core().appliedIndex() != last) {
        throw new SafetyChecker.Violation(
            "liveness: " + member.id + " applied " + member.core().appliedIndex() + " of " + last);
      }
    }
  }
}
