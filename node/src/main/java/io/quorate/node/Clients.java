package io.quorate.node;

import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.environment.Endpoint;
import io.quorate.environment.Environment;
import io.quorate.environment.Network;
import io.quorate.gossip.Member;
import io.quorate.protocol.Response;
import io.quorate.protocol.Response.StatusEvent.Status;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Everybody who is no node: CQL clients and administrators. Tells CQL clients what happens to nodes
 * and schema. Metadata and membership events come on the first shard.
 */
final class Clients {
  private final Environment environment;
  private final NodeConfig config;
  private final CqlServer cql;
  private final AdminServer admin = new AdminServer();
  private Network.@Nullable Listener adminListener;
  private ClusterMetadata lastMetadata = ClusterMetadata.EMPTY;

  Clients(Environment environment, NodeConfig config, Node node) {
    this.environment = environment;
    this.config = config;
    this.cql = new CqlServer(environment, () -> node.assembled().queries().newSession());
    new AdminApi(environment, node).addTo(admin);
  }

  void listenForAdministration() throws IOException {
    adminListener =
        admin.listen(
            environment.network(), new Endpoint(config.listenAddress(), config.adminPort()));
  }

  void listenForClients() throws IOException {
    cql.listen(new Endpoint(config.listenAddress(), config.nativeTransportPort()));
  }

  int connectionCount() {
    return cql.connectionCount();
  }

  void metadataChanged(ClusterMetadata metadata) {
    MetadataEvents.between(lastMetadata, metadata).forEach(cql::broadcast);
    lastMetadata = metadata;
  }

  void nodeUp(Member member) {
    tell(Status.UP, member);
  }

  void nodeDown(Member member) {
    tell(Status.DOWN, member);
  }

  private void tell(Status status, Member member) {
    cql.broadcast(new Response.StatusEvent(status, MetadataEvents.address(member.cqlAddress())));
  }

  /**
   * Tells those who listen here for events that this node goes, as the other nodes tell theirs;
   * lets requests under way finish, then closes every CQL connection.
   */
  void drain(Runnable done) {
    cql.broadcast(
        new Response.StatusEvent(Status.DOWN, MetadataEvents.address(config.nativeTransport())));
    cql.drain(done);
  }

  void stop() {
    if (adminListener != null) {
      adminListener.close();
    }
  }
}
