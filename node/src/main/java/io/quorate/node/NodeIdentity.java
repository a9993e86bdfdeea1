package io.quorate.node;

import io.quorate.environment.Environment;
import io.quorate.environment.FileSystem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;

/**
 * Who this node is, kept in its data directory for good. The generation counts its lives, and grows
 * with each start also when the wall clock went back.
 *
 * <pre>
 *   file `identity` := text lines `version 1`, `host_id UUID`, `cluster_name NAME`, `generation N`
 * </pre>
 */
record NodeIdentity(UUID hostId, String clusterName, long generation) {
  private static final String FILE = "identity";

  /**
   * Reads the identity, or makes one in an empty directory, and begins a new life.
   *
   * @throws StartupException when the directory belongs to another cluster, or is damaged
   */
  static NodeIdentity begin(Environment environment, Path directory, String clusterName)
      throws IOException {
    FileSystem files = environment.files();
    Path file = directory.resolve(FILE);
    long now = environment.clock().wallSeconds();
    NodeIdentity identity;
    if (files.exists(file)) {
      NodeIdentity last = parse(file, new String(files.readAll(file), StandardCharsets.UTF_8));
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
      identity = new NodeIdentity(last.hostId, clusterName, Math.max(now, last.generation + 1));
    } else {
      identity = new NodeIdentity(environment.random().nextUuid(), clusterName, now);
    }
    files.replace(file, identity.text().getBytes(StandardCharsets.UTF_8));
    return identity;
  }

  private String text() {
    return "version 1\nhost_id "
        + hostId
        + "\ncluster_name "
        + clusterName
        + "\ngeneration "
        + generation
        + "\n";
  }

  private static NodeIdentity parse(Path file, String text) {
    Map<String, String> fields = new LinkedHashMap<>();
    for (String line : text.lines().toList()) {
      int space = line.indexOf(' ');
      if (space > 0) {
        fields.put(line.substring(0, space), line.substring(space + 1));
      }
    }
    if (!"1".equals(fields.get("version"))) {
      throw new StartupException(file + " is damaged or of a later version");
    }
    try {
      return new NodeIdentity(
          UUID.fromString(fields.getOrDefault("host_id", "")),
          fields.getOrDefault("cluster_name", ""),
          Long.parseLong(fields.getOrDefault("generation", "")));
    } catch (IllegalArgumentException e) {
      throw new StartupException(file + " is damaged: " + e.getMessage());
    }
  }
}
