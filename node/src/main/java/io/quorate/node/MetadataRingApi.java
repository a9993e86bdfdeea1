package io.quorate.node;

import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.node.AdminServer.Reply;
import io.quorate.node.AdminServer.Request;
import io.quorate.raft.PeerId;
import io.quorate.raft.RaftStatus;
import io.quorate.raft.RingEvidence;
import io.quorate.raft.RingJudgement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The metadata ring, for administrators.
 *
 * <pre>
 *   GET  /v1/raft                 this member, who votes and who follows, what is wrong with them
 *   POST /v1/raft/transfer?to=    the leader hands over to another voter
 *   GET  /v1/metadata             what all nodes know of the ring, and whether its majority is lost
 *   POST /v1/metadata/recover     if it is, the next ring is begun from what is left
 * </pre>
 */
final class MetadataRingApi {
  private final Node node;

  MetadataRingApi(Node node) {
    this.node = node;
  }

  void addTo(AdminServer server) {
    server.get("/v1/raft", AdminApi.json(request -> raft()));
    server.post("/v1/raft/transfer", this::transfer);
    server.get(
        "/v1/metadata",
        (request, reply) ->
            node.assembled()
                .recovery()
                .judge(findings -> reply.accept(AdminApi.json(describe(findings)))));
    server.post("/v1/metadata/recover", this::recover);
  }

  private Object raft() {
    RaftStatus status = node.assembled().raft().status();
    Map<PeerId, NodeInfo> nodes = nodes();
    Map<String, @Nullable Object> raft = new LinkedHashMap<>();
    raft.put("self", status.self().toString());
    raft.put("ring", status.ring().toString());
    raft.put("role", status.role().name());
    raft.put("term", status.term());
    raft.put("leader", status.leader() == null ? null : status.leader().toString());
    raft.put("commit_index", status.commitIndex());
    raft.put("applied_index", status.appliedIndex());
    raft.put("last_index", status.lastIndex());
    raft.put("snapshot_index", status.snapshotIndex());
    raft.put("leader_changes", status.leaderChanges());
    raft.put("voters", status.voters().stream().map(PeerId::toString).toList());
    raft.put("outgoing_voters", status.outgoingVoters().stream().map(PeerId::toString).toList());
    raft.put("state_differs_at", status.stateDiffersAt());
    raft.put("members", members(status, nodes));
    raft.put("warnings", warnings(status, nodes));
    raft.put("failure", status.failure());
    return raft;
  }

  private Map<PeerId, NodeInfo> nodes() {
    Map<PeerId, NodeInfo> nodes = new TreeMap<>();
    node.assembled()
        .ring()
        .metadata()
        .members()
        .forEach(info -> nodes.put(VoterChoice.peer(info), info));
    return nodes;
  }

  /** Everyone who votes, is of the cluster, or follows this leader. */
  private List<Object> members(RaftStatus status, Map<PeerId, NodeInfo> nodes) {
    Map<PeerId, RaftStatus.PeerStatus> followers = new TreeMap<>();
    status.peers().forEach(peer -> followers.put(peer.peer(), peer));
    Set<PeerId> all = new TreeSet<>(nodes.keySet());
    all.addAll(status.voters());
    all.addAll(status.outgoingVoters());
    all.addAll(followers.keySet());
    List<Object> members = new ArrayList<>();
    for (PeerId peer : all) {
      NodeInfo info = nodes.get(peer);
      RaftStatus.PeerStatus follower = followers.get(peer);
      Map<String, @Nullable Object> entry = new LinkedHashMap<>();
      entry.put("peer", peer.toString());
      entry.put("kind", kind(status, peer));
      entry.put("witness", info != null && info.isWitness());
      entry.put("datacenter", info == null ? null : info.datacenter());
      entry.put("rack", info == null ? null : info.rack());
      entry.put(
          "status",
          info == null ? "UNKNOWN" : node.coordinator().isAlive(info.hostId()) ? "UP" : "DOWN");
      // Only the leader knows how far the others are.
      boolean isSelf = peer.equals(status.self());
      entry.put(
          "match_index",
          isSelf
              ? Long.valueOf(status.lastIndex())
              : follower == null ? null : follower.matchIndex());
      entry.put(
          "lag",
          isSelf && status.self().equals(status.leader())
              ? Long.valueOf(0)
              : follower == null ? null : follower.lag());
      entry.put("active", isSelf || (follower != null && follower.isActive()));
      members.add(entry);
    }
    return members;
  }

  private static String kind(RaftStatus status, PeerId peer) {
    boolean isVoter = status.voters().contains(peer);
    if (status.outgoingVoters().contains(peer)) {
      return isVoter ? "voter" : "outgoing voter";
    }
    return !isVoter ? "learner" : status.outgoingVoters().isEmpty() ? "voter" : "incoming voter";
  }

  /** What about the voters stands fewer losses than it might, a line each. */
  static List<String> warnings(RaftStatus status, Map<PeerId, NodeInfo> nodes) {
    List<String> warnings = new ArrayList<>();
    if (!status.outgoingVoters().isEmpty()) {
      warnings.add("the voters are being exchanged: it takes a majority of both sides");
    }
    if (status.voters().size() % 2 == 0) {
      warnings.add("an even number of voters stands no more losses than one fewer");
    }
    Set<String> places = new TreeSet<>();
    Set<String> votingPlaces = new TreeSet<>();
    nodes.forEach((peer, info) -> {
      String place = info.datacenter() + ", " + info.rack();
      places.add(place);
      if (status.voters().contains(peer)) {
        votingPlaces.add(place);
      }
    });
    if (status.voters().size() > 1 && votingPlaces.size() == 1) {
      String rack = votingPlaces.iterator().next();
      warnings.add(
          places.size() == 1
              ? "all nodes stand in one rack (" + rack + ")"
              : "all voters stand in one rack (" + rack + "), and there are others");
    }
    if (status.stateDiffersAt() > 0) {
      warnings.add(
          "members had different states after entry "
              + status.stateDiffersAt()
              + "; who differed has stopped");
    }
    return warnings;
  }

  private static Map<String, @Nullable Object> describe(MetadataRecovery.Findings findings) {
    RingJudgement judgement = findings.judgement();
    Map<String, @Nullable Object> answer = new LinkedHashMap<>();
    answer.put("ring", judgement.ring().toString());
    answer.put("majority_lost", judgement.refusal() == null);
    answer.put("because", judgement.refusal());
    answer.put("founder", judgement.founder() == null ? null : judgement.founder().toString());
    answer.put("certain_index", judgement.certainIndex());
    answer.put("uncertain_entries", judgement.uncertain());
    Map<String, Object> dropped = new LinkedHashMap<>();
    judgement.dropped().forEach((peer, entries) -> dropped.put(peer.toString(), entries));
    answer.put("dropped_entries", dropped);
    answer.put("answering_voters", texts(judgement.answering()));
    answer.put("lost_voters", texts(judgement.lost()));
    List<Object> members = new ArrayList<>();
    findings.answers().forEach((peer, evidence) -> members.add(describe(evidence)));
    answer.put("members", members);
    answer.put("silent", texts(findings.silent()));
    return answer;
  }

  private static Object describe(RingEvidence evidence) {
    Map<String, @Nullable Object> entry = new LinkedHashMap<>();
    entry.put("peer", evidence.self().toString());
    entry.put("ring", evidence.ring().toString());
    entry.put("term", evidence.term());
    entry.put("leader", evidence.leader() == null ? null : evidence.leader().toString());
    entry.put("leaderless_ms", evidence.leaderlessMillis());
    entry.put("commit_index", evidence.commitIndex());
    entry.put("last_index", evidence.lastIndex());
    entry.put("voters", texts(evidence.voters()));
    entry.put("outgoing_voters", texts(evidence.outgoing()));
    entry.put("failure", evidence.failure());
    entry.put("withholds_vote", evidence.withholdsVote());
    return entry;
  }

  private static List<String> texts(Collection<PeerId> peers) {
    return peers.stream().sorted().map(PeerId::toString).toList();
  }

  private void recover(Request request, Consumer<Reply> reply) {
    node.assembled()
        .recovery()
        .recover(outcome -> {
          if (outcome.refusal() != null) {
            reply.accept(Reply.error(409, "nothing was done: " + outcome.refusal()));
            return;
          }
          Map<String, @Nullable Object> answer = describe(outcome.findings());
          answer.put("followers", texts(outcome.followers()));
          reply.accept(AdminApi.json(answer));
        });
  }

  private void transfer(Request request, Consumer<Reply> reply) {
    String to = request.parameter("to");
    RaftStatus status = node.assembled().raft().status();
    PeerId peer = to == null ? null : new PeerId(to);
    if (peer == null || !status.voters().contains(peer)) {
      throw new IllegalArgumentException("'to' must be one of " + status.voters());
    }
    if (!status.self().equals(status.leader())) {
      reply.accept(Reply.error(409, "this node does not lead; ask " + status.leader()));
      return;
    }
    node.assembled().raft().transferLeadership(peer);
    reply.accept(AdminApi.json(Map.of("transferring_to", peer.toString())));
  }
}
