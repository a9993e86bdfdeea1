package io.quorate.raft;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A member as of its last tick.
 *
 * @param ring which one it is of
 * @param leader of this term, when known
 * @param leaderChanges how often this member saw another leader or none since it started
 * @param elections how often it stood for election since then; pre-votes do not count
 * @param pendingProposals proposals made here that wait for an answer
 * @param voters who votes, as far as this member's log says
 * @param outgoingVoters the voters before, as long as it takes both; else none
 * @param peers of a leader: what it knows of the others
 * @param stateDiffersAt the last entry after which this member, as the leader, saw members in
 *     different states; 0: none
 * @param failure why the member stopped, or waits for space on its disk; null when it does not
 */
public record RaftStatus(
    PeerId self,
    Ring ring,
    Role role,
    long term,
    @Nullable PeerId leader,
    long commitIndex,
    long appliedIndex,
    long lastIndex,
    long snapshotIndex,
    long leaderChanges,
    long elections,
    int pendingProposals,
    List<PeerId> voters,
    List<PeerId> outgoingVoters,
    List<PeerStatus> peers,
    long stateDiffersAt,
    @Nullable String failure) {

  /**
   * @param matchIndex up to where its disk has the leader's log
   * @param lag entries it lacks
   * @param isActive whether it was heard of within an election timeout
   */
  public record PeerStatus(
      PeerId peer, boolean isVoter, long matchIndex, long lag, boolean isActive) {

    /** What a leader knows of the others; of anybody else: nothing. */
    static List<PeerStatus> of(RaftCore core) {
      List<PeerStatus> peers = new ArrayList<>();
      if (core.isLeader()) {
        core.matchIndexes()
            .forEach((peer, match) ->
                peers.add(
                    new PeerStatus(
                        peer,
                        core.configuration().isVoter(peer),
                        match,
                        core.lastIndex() - match,
                        core.isActive(peer))));
      }
      return List.copyOf(peers);
    }
  }
}
