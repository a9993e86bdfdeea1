package io.quorate.node;

import io.quorate.environment.Environment;
import io.quorate.environment.FileSystem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * Who this node is, kept in its data directory for good. The generation counts its lives, and grows
 * with each start also when the wall clock went back.
 *
 * <pre>
 *   file `identity` := text lines `version 4`, `host_id UUID`, `cluster_name NAME`, `generation N`,
 *                      `state new`, `state member` or `state left`, `crc32c HEX` over the bytes
 *                      of the lines before; version 2 had no state, version 1 no checksum either;
 *                      there is no 3, which one flipped bit would make a 1
 * </pre>
 *
 * <p>It is written after the directories of everything else were made, so that a disk that is not
 * mounted is noticed: an identity without them, or they without an identity.
 */
record NodeIdentity(UUID hostId, String clusterName, long generation, State state) {
  private static final String FILE = "identity";
  private static final String CRC = "crc32c ";

  /** What the node is to its cluster, as far as it knows. */
  enum State {
    /** It began with nothing, and has no say in the metadata ring yet; see {@link Founding}. */
    NEW,
    MEMBER,
    LEFT
  }

  /**
   * Reads the identity, or makes one in an empty directory, and begins a new life.
   *
   * @param parts directories of the rest of the node's data
   * @throws StartupException when the directory belongs to another cluster, or to a node that has
   *     left this one, or is damaged or incomplete
   */
  static NodeIdentity begin(
      Environment environment, Path directory, List<Path> parts, String clusterName)
      throws IOException {
    FileSystem files = environment.files();
    Path file = directory.resolve(FILE);
    long now = environment.clock().wallSeconds();
    NodeIdentity identity;
    if (files.exists(file)) {
      NodeIdentity last = parse(file, files.readAll(file));
      for (Path part : parts) {
        if (!files.exists(part)) {
          throw new StartupException(
              part + " is missing, and " + file + " says that it was there: is its disk mounted?");
        }
        // The place of a disk is there also when it is not mounted.
        if (last.state == State.MEMBER && files.list(part).isEmpty()) {
          throw new StartupException(
              part
                  + " is empty, and "
                  + file
                  + " says that this node is a member: is its disk mounted?");
        }
      }
      if (!last.clusterName.equals(clusterName)) {
        throw new StartupException(
            "data directory "
                + directory
                + " belongs to cluster '"
                + last.clusterName
                + "'; this node is configured for '"
                + clusterName
                + "'");
      }
      if (last.state == State.LEFT) {
        throw new StartupException(removed(last.hostId));
      }
      identity =
          new NodeIdentity(
              last.hostId, clusterName, Math.max(now, last.generation + 1), last.state);
    } else {
      for (Path part : parts) {
        if (!files.list(part).isEmpty()) {
          throw new StartupException(file + " is missing, and " + part + " is not empty");
        }
        files.createDirectories(part);
      }
      identity = new NodeIdentity(environment.random().nextUuid(), clusterName, now, State.NEW);
    }
    files.replace(file, identity.bytes());
    return identity;
  }

  /** Why a node that was taken out of the cluster does not start. */
  static String removed(UUID hostId) {
    return "node "
        + hostId
        + " was removed from the cluster; to join again as a new node it needs an empty data"
        + " directory";
  }

  /** Notes that the node is of its cluster, and had what it has to have before it votes. */
  void settle(FileSystem files, Path directory) throws IOException {
    note(State.MEMBER, files, directory);
  }

  /** Notes that the node has left its cluster: no later life of it serves what it has on disk. */
  void leave(FileSystem files, Path directory) throws IOException {
    note(State.LEFT, files, directory);
  }

  private void note(State next, FileSystem files, Path directory) throws IOException {
    NodeIdentity changed = new NodeIdentity(hostId, clusterName, generation, next);
    files.replace(directory.resolve(FILE), changed.bytes());
  }

  private byte[] bytes() {
    String text =
        "version 4\nhost_id "
            + hostId
            + "\ncluster_name "
            + clusterName
            + "\ngeneration "
            + generation
            + "\nstate "
            + state.name().toLowerCase(Locale.ROOT)
            + "\n";
    int crc = crc(text.getBytes(StandardCharsets.UTF_8));
    return (text + CRC + HexFormat.of().toHexDigits(crc) + "\n").getBytes(StandardCharsets.UTF_8);
  }

  private static int crc(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }

  private static NodeIdentity parse(Path file, byte[] bytes) {
    String text = new String(bytes, StandardCharsets.UTF_8);
    if (!text.startsWith("version 1\n")) {
      int end = text.lastIndexOf(CRC);
      String lines = end < 0 ? "" : text.substring(0, end);
      int crc = crc(lines.getBytes(StandardCharsets.UTF_8));
      boolean isKnown = text.startsWith("version 2\n") || text.startsWith("version 4\n");
      if (!isKnown || !text.equals(lines + CRC + HexFormat.of().toHexDigits(crc) + "\n")) {
        throw new StartupException(file + " is damaged or of a later version");
      }
    }
    Map<String, String> fields = new LinkedHashMap<>();
    for (String line : text.lines().toList()) {
      int space = line.indexOf(' ');
      if (space > 0) {
        fields.put(line.substring(0, space), line.substring(space + 1));
      }
    }
    try {
      return new NodeIdentity(
          UUID.fromString(fields.getOrDefault("host_id", "")),
          fields.getOrDefault("cluster_name", ""),
          Long.parseLong(fields.getOrDefault("generation", "")),
          State.valueOf(fields.getOrDefault("state", "member").toUpperCase(Locale.ROOT)));
    } catch (IllegalArgumentException e) {
      throw new StartupException(file + " is damaged: " + e.getMessage());
    }
  }
}
