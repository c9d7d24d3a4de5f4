import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.opensearch.analysis.common.CommonAnalysisPlugin;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.index.mapper.MapperExtrasPlugin;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.index.reindex.ReindexPlugin;
import org.opensearch.transport.Netty4Plugin;

/**
 * The published OpenSearch 2 as one node: {@code Server FOLDER name=value...}. The archive that one would install is not
 * in a package registry, the node is; what the archive adds beside it (security, life cycles) is not needed here.
 */
final class Server extends Node {
    private Server(Environment environment) {
        super(environment, List.of(Netty4Plugin.class, ReindexPlugin.class, MapperExtrasPlugin.class,
            CommonAnalysisPlugin.class), false);
    }

    public static void main(String[] arguments) throws Exception {
        Settings.Builder settings = Settings.builder().put("path.home", Path.of(arguments[0]).toAbsolutePath());
        settings.put("transport.type", "netty4").put("http.type", "netty4");
        for (String argument : List.of(arguments).subList(1, arguments.length)) {
            String[] parts = argument.split("=", 2);
            settings.put(parts[0], parts[1]);
        }
        Server server = new Server(InternalSettingsPreparer.prepareEnvironment(settings.build(), Map.of(), null, () -> "interop"));
        CountDownLatch stopped = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                server.close(); // flushes: the data is there for the next start
            } catch (Exception problem) {
                problem.printStackTrace();
            }
            stopped.countDown();
        }));
        server.start();
        stopped.await();
    }
}
