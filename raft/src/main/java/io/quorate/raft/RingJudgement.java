package io.quorate.raft;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Whether a ring has lost its majority for good, and from which member the next one would begin; as
 * far as the evidence of those who answer tells. Pure.
 *
 * <p>The founder is the member with the newest log among those that have all that is known to be
 * committed. What it has behind that may have been committed or not: it is kept, for somebody may
 * have been told that it was. What only the lost voters had is lost, and nobody can say what it
 * was.
 *
 * @param refusal why nothing is to be done, in one line; null when the majority is lost
 * @param founder from whom the next ring would begin; null when there is none
 * @param certainIndex up to here the log is known to be committed
 * @param uncertain entries of the founder's behind that
 * @param dropped entries that others have and the founder has not, by member
 * @param answering the voters that answer and may vote
 * @param lost the voters that do not answer, or take no part any more
 */
public record RingJudgement(
    @Nullable String refusal,
    @Nullable PeerId founder,
    long certainIndex,
    long uncertain,
    Map<PeerId, Long> dropped,
    Ring ring,
    List<PeerId> answering,
    List<PeerId> lost) {

  /** A ring elects within a second or two when it can. */
  static final long PATIENCE_MILLIS = 10_000;

  /**
   * @param answers of all members that could be reached, at least one
   * @param alive members that somebody who answered takes for alive
   */
  public static RingJudgement of(List<RingEvidence> answers, Set<PeerId> alive) {
    long newest = answers.stream().mapToLong(answer -> answer.ring().number()).max().orElse(0);
    List<RingEvidence> members =
        answers.stream()
            .filter(answer -> answer.ring().number() == newest && answer.lastIndex() > 0)
            .toList();
    if (members.isEmpty()) {
      return refused("nobody who answers has a metadata log", answers.getFirst().ring());
    }
    Ring ring = members.getFirst().ring();
    RingEvidence surest =
        members.stream().max(Comparator.comparingLong(RingEvidence::commitIndex)).orElseThrow();
    long certain = surest.commitIndex();
    long certainTerm = surest.termAt(certain);
    RingEvidence founder =
        members.stream()
            .filter(member -> member.failure() == null && member.has(certain, certainTerm))
            .max(
                Comparator.comparingLong(RingEvidence::lastTerm)
                    .thenComparingLong(RingEvidence::lastIndex)
                    .thenComparingLong(RingEvidence::commitIndex)
                    .thenComparing(member -> member.voters().contains(member.self()))
                    .thenComparing(RingEvidence::self, Comparator.reverseOrder()))
            .orElse(null);
    if (founder == null) {
      return refused("nobody who has all that is committed takes part in the ring", ring);
    }
    Set<PeerId> present = new TreeSet<>();
    Set<PeerId> withoutVote = new TreeSet<>();
    members.stream()
        .filter(member -> member.failure() == null)
        .forEach(member -> (member.withholdsVote() ? withoutVote : present).add(member.self()));
    Configuration configuration = new Configuration(founder.voters(), founder.outgoing());
    List<PeerId> answering = new ArrayList<>(configuration.members());
    answering.retainAll(present);
    List<PeerId> lost = new ArrayList<>(configuration.members());
    lost.removeAll(present);
    lost.removeAll(withoutVote);
    Map<PeerId, Long> dropped = new TreeMap<>();
    for (RingEvidence member : members) {
      long own = member.lastIndex() - member.lastInCommon(founder);
      if (own > 0) {
        dropped.put(member.self(), own);
      }
    }
    return new RingJudgement(
        refusal(members, ring, configuration, present, lost, alive),
        founder.self(),
        certain,
        founder.lastIndex() - certain,
        dropped,
        ring,
        answering,
        lost);
  }

  private static RingJudgement refused(String why, Ring ring) {
    return new RingJudgement(why, null, 0, 0, Map.of(), ring, List.of(), List.of());
  }

  private static @Nullable String refusal(
      List<RingEvidence> members,
      Ring ring,
      Configuration configuration,
      Set<PeerId> present,
      List<PeerId> lost,
      Set<PeerId> alive) {
    for (RingEvidence member : members) {
      if (!member.ring().isSame(ring.number(), ring.nonce())) {
        return "two rings were begun from one: " + ring + " and " + member.ring();
      }
      if (member.leader() != null) {
        return member.self() + " follows the leader " + member.leader() + ": nothing is lost";
      }
    }
    if (configuration.isMajority(present::contains)) {
      return "a majority of the voters answers ("
          + configuration
          + " without "
          + lost
          + "): they can elect a leader by themselves";
    }
    for (PeerId voter : lost) {
      if (alive.contains(voter)) {
        return "voter "
            + voter
            + " does not answer, but others take it for alive: wait, or stop it";
      }
    }
    for (RingEvidence member : members) {
      if (member.leaderlessMillis() < PATIENCE_MILLIS) {
        return member.self()
            + " heard of a leader "
            + member.leaderlessMillis() / 1_000
            + " s ago: wait "
            + PATIENCE_MILLIS / 1_000
            + " s";
      }
    }
    return null;
  }

  /** The ring that would be begun. */
  public Ring next(long nonce) {
    if (refusal != null || founder == null) {
      throw new IllegalStateException("the ring is not lost: " + refusal);
    }
    return new Ring(ring.number() + 1, nonce, certainIndex, List.of(founder), lost);
  }
}
