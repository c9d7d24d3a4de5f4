import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;

/**
 * The published Elasticsearch 8 as one node: {@code Server FOLDER name=value...}. It runs from the module path and loads
 * its network layer, as the installed one does, from FOLDER/modules. There is no page at {@code GET /}: that is a module
 * which is not published.
 */
final class Server extends Node {
    private Server(Environment environment) {
        super(environment);
    }

    public static void main(String[] arguments) throws Exception {
        LogConfigurator.configureESLogging(); // before the first class that logs
        Settings.Builder settings = Settings.builder().put("path.home", Path.of(arguments[0]).toAbsolutePath());
        for (String argument : List.of(arguments).subList(1, arguments.length)) {
            String[] parts = argument.split("=", 2);
            settings.put(parts[0], parts[1]);
        }
        Server server = new Server(InternalSettingsPreparer.prepareEnvironment(settings.build(), Map.of(), null, () -> "interop"));
        CountDownLatch stopped = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                server.close();
            } catch (Exception problem) {
                problem.printStackTrace();
            }
            stopped.countDown();
        }));
        server.start();
        stopped.await();
    }
}
