package io.quorate.node;

import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.KeyspaceMetadata;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.environment.Endpoint;
import io.quorate.protocol.Response;
import io.quorate.protocol.Response.TopologyEvent.Membership;
import io.quorate.protocol.SchemaChange;
import io.quorate.protocol.SchemaChange.Change;
import io.quorate.protocol.SchemaChange.Target;
import io.quorate.protocol.types.CqlType.UserType;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/** What clients are told when the metadata changes: the difference of two values as events. */
final class MetadataEvents {
  private MetadataEvents() {}

  static List<Response.Event> between(ClusterMetadata old, ClusterMetadata now) {
    List<Response.Event> events = new ArrayList<>();
    for (NodeInfo node : now.nodes()) {
      if (old.node(node.hostId()) == null) {
        events.add(
            new Response.TopologyEvent(Membership.NEW_NODE, address(node.nativeTransport())));
      }
    }
    for (NodeInfo node : old.nodes()) {
      if (now.node(node.hostId()) == null) {
        events.add(
            new Response.TopologyEvent(Membership.REMOVED_NODE, address(node.nativeTransport())));
      }
    }
    if (!old.schemaVersion().equals(now.schemaVersion())) {
      schema(old, now, events);
    }
    return events;
  }

  private static void schema(
      ClusterMetadata old, ClusterMetadata now, List<Response.Event> events) {
    for (KeyspaceMetadata keyspace : now.keyspaces()) {
      KeyspaceMetadata before = old.keyspace(keyspace.name());
      if (before == null) {
        add(events, new SchemaChange(Change.CREATED, Target.KEYSPACE, keyspace.name(), ""));
        before = new KeyspaceMetadata(keyspace.name(), keyspace.replication(), true);
      } else if (!before.replication().equals(keyspace.replication())
          || before.durableWrites() != keyspace.durableWrites()
          || before.commitLogSync() != keyspace.commitLogSync()) {
        add(events, new SchemaChange(Change.UPDATED, Target.KEYSPACE, keyspace.name(), ""));
      }
      contents(before, keyspace, events);
    }
    for (KeyspaceMetadata keyspace : old.keyspaces()) {
      if (now.keyspace(keyspace.name()) == null) {
        add(events, new SchemaChange(Change.DROPPED, Target.KEYSPACE, keyspace.name(), ""));
      }
    }
  }

  private static void contents(
      KeyspaceMetadata before, KeyspaceMetadata now, List<Response.Event> events) {
    for (UserType type : now.types().values()) {
      UserType known = before.type(type.name());
      if (!type.equals(known)) {
        add(
            events,
            new SchemaChange(
                known == null ? Change.CREATED : Change.UPDATED,
                Target.TYPE,
                now.name(),
                type.name()));
      }
    }
    for (TableMetadata table : now.tables().values()) {
      TableMetadata known = before.table(table.name());
      if (!table.equals(known)) {
        add(
            events,
            new SchemaChange(
                known == null ? Change.CREATED : Change.UPDATED,
                Target.TABLE,
                now.name(),
                table.name()));
      }
    }
    for (String name : before.tables().keySet()) {
      if (now.table(name) == null) {
        add(events, new SchemaChange(Change.DROPPED, Target.TABLE, now.name(), name));
      }
    }
    for (String name : before.types().keySet()) {
      if (now.type(name) == null) {
        add(events, new SchemaChange(Change.DROPPED, Target.TYPE, now.name(), name));
      }
    }
  }

  private static void add(List<Response.Event> events, SchemaChange change) {
    events.add(new Response.SchemaEvent(change));
  }

  static InetSocketAddress address(Endpoint endpoint) {
    return new InetSocketAddress(endpoint.host(), endpoint.port());
  }
}
