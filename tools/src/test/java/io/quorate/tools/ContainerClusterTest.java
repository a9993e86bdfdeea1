package io.quorate.tools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.github.dockerjava.api.model.Network.Ipam;
import io.quorate.client.ResultPage;
import io.quorate.client.Session;
import io.quorate.client.SessionConfig;
import io.quorate.client.Statement;
import io.quorate.protocol.ConsistencyLevel;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.containers.wait.strategy.Wait;

/** An image whose nodes do not find each other is of no use to anybody who runs containers. */
class ContainerClusterTest {
  private static final String IMAGE = System.getenv().getOrDefault("QUORATE_IMAGE", "");
  private static final String SUBNET = "172.31.77.";

  @Test
  void threeContainersAreHealthyServeAndLoseOne() {
    skipLoudlyWithoutAnEngine();
    List<GenericContainer<?>> nodes = new ArrayList<>();
    try (Network network =
        Network.builder()
            .createNetworkCmdModifier(create ->
                create.withIpam(
                    new Ipam().withConfig(new Ipam.Config().withSubnet(SUBNET + "0/24"))))
            .build()) {
      for (int i = 1; i <= 3; i++) {
        nodes.add(node(network, SUBNET + (10 + i)));
      }
      // All at once, however few the cores: a new cluster waits for each node that votes.
      try (ExecutorService starters = Executors.newVirtualThreadPerTaskExecutor()) {
        CompletableFuture.allOf(
                nodes.stream()
                    .map(node -> CompletableFuture.runAsync(node::start, starters))
                    .toArray(CompletableFuture<?>[]::new))
            .join();
      }
      InetSocketAddress contact = new InetSocketAddress(SUBNET + "11", 9042);
      try (Session session =
          Session.connect(SessionConfig.of(contact).withConsistency(ConsistencyLevel.QUORUM))) {
        session.execute(
            "CREATE KEYSPACE c WITH replication = {'class': 'SimpleStrategy',"
                + " 'replication_factor': 3}");
        session.execute("CREATE TABLE c.t (k int PRIMARY KEY, v int)");
        session.execute("INSERT INTO c.t (k, v) VALUES (1, 1)");
        nodes.get(2).stop();
        ResultPage page =
            session.execute(Statement.of("SELECT v FROM c.t WHERE k = 1").idempotent());
        assertThat(Objects.requireNonNull(page.first()).integer("v")).isEqualTo(1);
      }
    } finally {
      nodes.forEach(GenericContainer::stop);
    }
  }

  private static void skipLoudlyWithoutAnEngine() {
    boolean runs = !IMAGE.isEmpty() && DockerClientFactory.instance().isDockerAvailable();
    if (!runs) {
      System.err.println(
          "SKIPPED: the container cluster was not tested; it needs a Docker engine and"
              + " QUORATE_IMAGE set to an image made by docker/build.sh");
    }
    assumeTrue(runs, "no Docker engine, or QUORATE_IMAGE is not set");
  }

  private static GenericContainer<?> node(Network network, String address) {
    return new GenericContainer<>(IMAGE)
        .withNetwork(network)
        .withCreateContainerCmdModifier(command -> command.withIpv4Address(address))
        .withEnv("QUORATE_SEEDS", "[" + SUBNET + "11, " + SUBNET + "12, " + SUBNET + "13]")
        .waitingFor(Wait.forHealthcheck().withStartupTimeout(Duration.ofMinutes(2)));
  }
}
