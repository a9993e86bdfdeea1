package io.quorate.gossip;

import io.quorate.environment.Endpoint;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/**
 * A node of the cluster, as it describes itself.
 *
 * @param hostId its identity, which outlives restarts and changes of address
 * @param endpoint where other nodes reach it
 * @param cqlAddress where clients reach it
 * @param releaseVersion of the software it runs
 * @param loadBytes data on its disk
 * @param metadataEpoch the metadata ring's epoch that it has applied
 */
public record Member(
    UUID hostId,
    Endpoint endpoint,
    Endpoint cqlAddress,
    String datacenter,
    String rack,
    String releaseVersion,
    long loadBytes,
    long metadataEpoch,
    Status status) {

  /** What a node says it is doing. */
  public enum Status {
    RUNNING,
    /** Finishes what it has and takes nothing new. */
    DRAINING,
    /** It has said goodbye: down until it starts anew. */
    SHUTDOWN
  }

  private static final String ENDPOINT = "ENDPOINT";
  private static final String CQL_ADDRESS = "CQL_ADDRESS";
  private static final String DATACENTER = "DC";
  private static final String RACK = "RACK";
  private static final String RELEASE_VERSION = "RELEASE_VERSION";
  private static final String LOAD_BYTES = "LOAD";
  private static final String METADATA_EPOCH = "EPOCH";
  static final String STATUS = "STATUS";

  /** The same node with another load. */
  public Member withLoadBytes(long bytes) {
    return new Member(
        hostId,
        endpoint,
        cqlAddress,
        datacenter,
        rack,
        releaseVersion,
        bytes,
        metadataEpoch,
        status);
  }

  /** The same node at another epoch. */
  public Member withMetadataEpoch(long epoch) {
    return new Member(
        hostId, endpoint, cqlAddress, datacenter, rack, releaseVersion, loadBytes, epoch, status);
  }

  /** The same node in another state. */
  public Member withStatus(Status newStatus) {
    return new Member(
        hostId,
        endpoint,
        cqlAddress,
        datacenter,
        rack,
        releaseVersion,
        loadBytes,
        metadataEpoch,
        newStatus);
  }

  /** What is gossiped of it, by attribute name. */
  Map<String, String> attributes() {
    Map<String, String> attributes = new TreeMap<>();
    attributes.put(ENDPOINT, endpoint.toString());
    attributes.put(CQL_ADDRESS, cqlAddress.toString());
    attributes.put(DATACENTER, datacenter);
    attributes.put(RACK, rack);
    attributes.put(RELEASE_VERSION, releaseVersion);
    attributes.put(LOAD_BYTES, Long.toString(loadBytes));
    attributes.put(METADATA_EPOCH, Long.toString(metadataEpoch));
    attributes.put(STATUS, status.name());
    return attributes;
  }

  /**
   * The inverse of {@link #attributes}. Unknown attributes, of a later release, are passed over.
   *
   * @throws IllegalArgumentException when one is missing or makes no sense
   */
  static Member parse(UUID hostId, Map<String, String> attributes) {
    return new Member(
        hostId,
        Endpoint.parse(required(attributes, ENDPOINT), 0),
        Endpoint.parse(required(attributes, CQL_ADDRESS), 0),
        required(attributes, DATACENTER),
        required(attributes, RACK),
        required(attributes, RELEASE_VERSION),
        Long.parseLong(required(attributes, LOAD_BYTES)),
        Long.parseLong(required(attributes, METADATA_EPOCH)),
        Status.valueOf(required(attributes, STATUS)));
  }

  private static String required(Map<String, String> attributes, String name) {
    String value = attributes.get(name);
    if (value == null) {
      throw new IllegalArgumentException("attribute " + name + " is missing");
    }
    return value;
  }
}
