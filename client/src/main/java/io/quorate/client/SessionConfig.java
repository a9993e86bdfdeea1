package io.quorate.client;

import io.quorate.protocol.ConsistencyLevel;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a session works.
 *
 * @param contactPoints nodes to begin with; the rest is found out from them
 * @param localDatacenter nodes of it are asked first; null for the first contact point's
 * @param keyspace in which names without one are looked up
 * @param consistency of statements that name none
 * @param requestTimeout how long a statement may take, over all nodes that are tried
 * @param connectTimeout how long opening one connection may take
 * @param pageSize rows a page, of statements that say nothing else
 * @param connectionsPerNode connections to each node
 * @param onlyContactPoints whether to talk to the contact points alone
 * @param compression whether frames are compressed with LZ4
 */
public record SessionConfig(
    List<InetSocketAddress> contactPoints,
    @Nullable String localDatacenter,
    @Nullable String keyspace,
    ConsistencyLevel consistency,
    Duration requestTimeout,
    Duration connectTimeout,
    int pageSize,
    int connectionsPerNode,
    boolean onlyContactPoints,
    boolean compression) {

  public SessionConfig {
    contactPoints = List.copyOf(contactPoints);
    if (contactPoints.isEmpty()) {
      throw new IllegalArgumentException("a session needs a contact point");
    }
  }

  /** LOCAL_ONE, ten seconds, pages of 5,000 rows, one connection a node. */
  public static SessionConfig of(InetSocketAddress... contactPoints) {
    return new SessionConfig(
        List.of(contactPoints),
        null,
        null,
        ConsistencyLevel.LOCAL_ONE,
        Duration.ofSeconds(10),
        Duration.ofSeconds(5),
        5_000,
        1,
        false,
        false);
  }

  public SessionConfig withKeyspace(String newKeyspace) {
    return new SessionConfig(
        contactPoints,
        localDatacenter,
        newKeyspace,
        consistency,
        requestTimeout,
        connectTimeout,
        pageSize,
        connectionsPerNode,
        onlyContactPoints,
        compression);
  }

  public SessionConfig withConsistency(ConsistencyLevel level) {
    return new SessionConfig(
        contactPoints,
        localDatacenter,
        keyspace,
        level,
        requestTimeout,
        connectTimeout,
        pageSize,
        connectionsPerNode,
        onlyContactPoints,
        compression);
  }

  public SessionConfig withRequestTimeout(Duration timeout) {
    return new SessionConfig(
        contactPoints,
        localDatacenter,
        keyspace,
        consistency,
        timeout,
        connectTimeout,
        pageSize,
        connectionsPerNode,
        onlyContactPoints,
        compression);
  }

  public SessionConfig withConnectionsPerNode(int count) {
    return new SessionConfig(
        contactPoints,
        localDatacenter,
        keyspace,
        consistency,
        requestTimeout,
        connectTimeout,
        pageSize,
        count,
        onlyContactPoints,
        compression);
  }

  /** Talks to the contact points alone: for tools that ask one certain node. */
  public SessionConfig withOnlyContactPoints() {
    return new SessionConfig(
        contactPoints,
        localDatacenter,
        keyspace,
        consistency,
        requestTimeout,
        connectTimeout,
        pageSize,
        connectionsPerNode,
        true,
        compression);
  }
}
