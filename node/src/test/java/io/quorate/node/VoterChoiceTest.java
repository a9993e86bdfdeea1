package io.quorate.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.environment.Endpoint;
import io.quorate.raft.PeerId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** If this breaks, the loss of one rack or of a few nodes takes the whole metadata ring with it. */
class VoterChoiceTest {
  private static NodeInfo node(int number, String datacenter, String rack) {
    Endpoint endpoint = new Endpoint("n" + number, 1);
    return new NodeInfo(
        new UUID(0, number), endpoint, endpoint, datacenter, rack, "v", List.of((long) number));
  }

  private static NodeInfo witness(int number, String datacenter, String rack) {
    NodeInfo node = node(number, datacenter, rack);
    return new NodeInfo(
        node.hostId(), node.internode(), node.internode(), datacenter, rack, "v", List.of());
  }

  private static Set<PeerId> peers(int... numbers) {
    Set<PeerId> peers = new TreeSet<>();
    for (int number : numbers) {
      peers.add(new PeerId("n" + number + ":1"));
    }
    return peers;
  }

  private static Set<PeerId> peers(Collection<NodeInfo> nodes) {
    return nodes.stream().map(VoterChoice::peer).collect(Collectors.toCollection(TreeSet::new));
  }

  /** Nodes 1 to {@code count} in so many racks, one after the other. */
  private static List<NodeInfo> nodes(int count, int racks) {
    List<NodeInfo> nodes = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      nodes.add(node(i, "dc", "r" + i % racks));
    }
    return nodes;
  }

  private static Set<PeerId> choose(List<NodeInfo> nodes, Set<PeerId> current, Set<PeerId> lost) {
    Set<PeerId> followers = peers(nodes);
    followers.removeAll(lost);
    return new VoterChoice(nodes, current, lost, followers).choose(VoterPolicy.DEFAULT);
  }

  @Test
  void moreNodesHaveMoreVotersAndAlwaysAnOddNumber() {
    Map<Integer, Integer> voters = new TreeMap<>();
    for (int count = 3; count <= 12; count++) {
      voters.put(count, choose(nodes(count, 3), peers(1, 2, 3), Set.of()).size());
    }
    assertThat(voters.values()).containsExactly(3, 3, 5, 5, 5, 5, 7, 7, 7, 7);
    assertThat(choose(nodes(4, 3), peers(1, 2, 3, 4, 5), peers(5))).hasSize(3);
  }

  @Test
  void fewerThanThreeNodesStayAsTheyAre() {
    assertThat(choose(nodes(2, 1), peers(1), Set.of())).isEqualTo(peers(1));
    assertThat(choose(nodes(2, 1), peers(1, 2), Set.of())).isEqualTo(peers(1, 2));
    assertThat(choose(nodes(3, 1), peers(1), Set.of())).isEqualTo(peers(1, 2, 3));
  }

  @Test
  void aVotersPlaceIsTakenByOneInItsRack() {
    List<NodeInfo> nodes = nodes(6, 3);
    assertThat(choose(nodes.subList(0, 4), peers(1, 2, 3), peers(1))).isEqualTo(peers(2, 3, 4));
    List<NodeInfo> fourInTwoRacks =
        List.of(node(1, "dc", "a"), node(2, "dc", "b"), node(3, "dc", "b"), node(4, "dc", "a"));
    assertThat(choose(fourInTwoRacks, peers(1, 2, 3), peers(1))).isEqualTo(peers(2, 3, 4));
  }

  @Test
  void votersThatAllStandInOneRackAreSpreadWhenOthersCome() {
    List<NodeInfo> nodes =
        List.of(node(1, "dc", "a"), node(2, "dc", "a"), node(3, "dc", "a"), node(4, "dc", "b"));
    assertThat(choose(nodes, peers(1, 2, 3), Set.of())).isEqualTo(peers(1, 2, 4));
    List<NodeInfo> more = new ArrayList<>(nodes);
    more.add(witness(9, "far", "a"));
    assertThat(choose(more.subList(1, 5), peers(2, 3, 4), Set.of())).isEqualTo(peers(2, 4, 9));
  }

  @Test
  void aLostVoterThatNobodyCanReplaceKeepsItsVote() {
    assertThat(choose(nodes(3, 3), peers(1, 2, 3), peers(2))).isEqualTo(peers(1, 2, 3));
    // Of four that are left of five, three decide as surely, and stand another loss.
    assertThat(choose(nodes(5, 3), peers(1, 2, 3, 4, 5), peers(5))).hasSize(3);
    // It is not of the cluster any more: what cannot come back is not waited for.
    assertThat(choose(nodes(2, 1), peers(1, 2, 3), peers(3))).isEqualTo(peers(1, 2));
  }

  @Test
  void nothingIsChosenWhereTheChosenCouldDecideNothing() {
    List<NodeInfo> nodes = nodes(5, 3);
    VoterChoice mostAreSilent = new VoterChoice(nodes, peers(1, 2, 3, 4, 5), Set.of(), peers(4));
    assertThat(mostAreSilent.choose(new VoterPolicy(3, 1))).isEqualTo(peers(1, 2, 3, 4, 5));
  }

  @Test
  void whenFewerVotesAreNeededThoseThatAnswerKeepTheirs() {
    List<NodeInfo> nodes = nodes(5, 1);
    VoterChoice choice = new VoterChoice(nodes, peers(1, 2, 3, 4, 5), Set.of(), peers(2, 4, 5));
    assertThat(choice.choose(new VoterPolicy(3, 1))).isEqualTo(peers(2, 4, 5));
    VoterChoice enough = new VoterChoice(nodes, peers(1, 2, 3), Set.of(), peers(2, 3, 4, 5));
    assertThat(enough.choose(new VoterPolicy(3, 1)))
        .as("who is silent for a moment keeps its vote")
        .isEqualTo(peers(1, 2, 3));
  }

  @Test
  void aClusterThatJustStartsKeepsTheVotersThatItWasConfiguredWith() {
    assertThat(choose(nodes(2, 1), peers(1, 2, 3, 4, 5), Set.of())).isEqualTo(peers(1, 2, 3, 4, 5));
  }

  @Test
  void aWitnessGoesBeforeADataNode() {
    List<NodeInfo> nodes = new ArrayList<>(nodes(3, 1));
    nodes.add(witness(9, "dc", "r0"));
    assertThat(choose(nodes, peers(1), Set.of())).isEqualTo(peers(1, 2, 9));
  }

  @Test
  void theNumberCanBeFixed() {
    VoterChoice choice = new VoterChoice(nodes(9, 3), peers(1, 2, 3), Set.of(), peers(nodes(9, 3)));
    assertThat(choice.choose(new VoterPolicy(5, 1))).hasSize(5);
    assertThat(choice.choose(new VoterPolicy(1, 1))).hasSize(1);
  }

  @Test
  void anyClusterIsSpreadAndChoosesTheSameAgain() {
    Random random = new Random(4);
    int changed = 0;
    for (int run = 0; run < 2_000; run++) {
      List<NodeInfo> nodes = new ArrayList<>();
      int count = 1 + random.nextInt(14);
      int datacenters = 1 + random.nextInt(3);
      for (int i = 1; i <= count; i++) {
        String datacenter = "dc" + random.nextInt(datacenters);
        String rack = "r" + random.nextInt(3);
        nodes.add(
            random.nextInt(6) == 0 ? witness(i, datacenter, rack) : node(i, datacenter, rack));
      }
      Set<PeerId> current = new TreeSet<>();
      int voters = 1 + random.nextInt(Math.min(count, 7));
      while (current.size() < voters) {
        current.add(VoterChoice.peer(nodes.get(random.nextInt(count))));
      }
      Set<PeerId> lost = random.nextInt(3) == 0 ? Set.of(current.iterator().next()) : Set.of();
      Set<PeerId> chosen = choose(nodes, current, lost);
      Set<PeerId> followers = peers(nodes);
      followers.removeAll(lost);
      Set<PeerId> stillLost = new TreeSet<>(lost);
      stillLost.retainAll(chosen);
      assertThat(new VoterChoice(nodes, chosen, stillLost, followers).choose(VoterPolicy.DEFAULT))
          .as("run %d: the choice stands", run)
          .isEqualTo(chosen);
      if (count - lost.size() >= 3) {
        assertThat(chosen.size() % 2).as("run %d: odd", run).isEqualTo(1);
      }
      if (lost.isEmpty() && count >= 3) {
        assertSpread(run, nodes, chosen);
      }
      changed += chosen.equals(current) ? 0 : 1;
    }
    assertThat(changed).as("the runs did something").isGreaterThan(500);
  }

  /** A place has two votes more than another only when the other has no node left to vote. */
  private static void assertSpread(int run, List<NodeInfo> nodes, Set<PeerId> chosen) {
    Map<String, List<NodeInfo>> byDatacenter =
        nodes.stream().collect(Collectors.groupingBy(NodeInfo::datacenter));
    assertEven(run, byDatacenter.values(), chosen);
    for (List<NodeInfo> datacenter : byDatacenter.values()) {
      assertEven(
          run, datacenter.stream().collect(Collectors.groupingBy(NodeInfo::rack)).values(), chosen);
    }
  }

  private static void assertEven(int run, Collection<List<NodeInfo>> places, Set<PeerId> chosen) {
    int most = places.stream().mapToInt(place -> votes(place, chosen)).max().orElseThrow();
    for (List<NodeInfo> place : places) {
      int votes = votes(place, chosen);
      assertThat(votes >= most - 1 || votes == place.size())
          .as("run %d: %s of %s", run, chosen, places)
          .isTrue();
    }
  }

  private static int votes(List<NodeInfo> place, Set<PeerId> chosen) {
    return (int) place.stream().filter(node -> chosen.contains(VoterChoice.peer(node))).count();
  }
}
