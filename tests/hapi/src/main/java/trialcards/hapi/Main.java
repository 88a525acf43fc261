package trialcards.hapi;

import ca.uhn.fhir.rest.server.RestfulServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/**
 * Runs the server on the loopback interface until its standard input ends, so that it never outlives the test run that
 * started it. Prints the base of its FHIR API, one line, once it answers.
 *
 * <p>One argument: the port, 0 or none for one that is free.
 */
public final class Main {
  private static final String PATH = "/fhir";

  private Main() {}

  /** Start, say where, and wait. */
  public static void main(String[] arguments) throws Exception {
    int port = arguments.length == 0 ? 0 : Integer.parseInt(arguments[0]);
    try (var beans = new AnnotationConfigApplicationContext(FhirServer.class)) {
      Server jetty = listening(port, beans.getBean(RestfulServer.class));
      jetty.start();
      System.out.println(jetty.getURI().resolve(PATH));
      awaitEnd(System.in);
      jetty.stop();
    }
    System.exit(0); // HAPI leaves threads behind that are no daemons
  }

  private static Server listening(int port, RestfulServer fhir) {
    var jetty = new Server();
    var connector = new ServerConnector(jetty);
    connector.setHost("127.0.0.1");
    connector.setPort(port);
    jetty.addConnector(connector);

    var holder = new ServletHolder(fhir);
    holder.setInitOrder(0); // now, not with the first request
    var context = new ServletContextHandler();
    context.addServlet(holder, PATH + "/*");
    jetty.setHandler(context);
    return jetty;
  }

  private static void awaitEnd(InputStream input) throws IOException {
    input.transferTo(OutputStream.nullOutputStream());
  }
}
