package trialcards.hapi;

import ca.uhn.fhir.batch2.api.IJobMaintenanceService;
import ca.uhn.fhir.batch2.jobs.export.BulkDataExportProvider;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.provider.IJpaSystemProvider;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.provider.ValueSetOperationProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** The REST API over the store: all R4 resources, transactions, the terminology operations and bulk export. */
@Configuration
@Import(Storage.class)
public class FhirServer {
  /**
   * So few that a chart of ordinary length comes in several pages, whatever {@code _count} asks for. Measurements start
   * the server with {@code -Dtrialcards.page}.
   */
  private static final int PAGE = Integer.getInteger("trialcards.page", 10);

  private static final int STEP_MS = 200;

  @Bean
  RestfulServer restfulServer(
      IFhirSystemDao<?, ?> system,
      IJpaSystemProvider systemOperations,
      ResourceProviderFactory resources,
      ValueSetOperationProvider valueSets,
      BulkDataExportProvider exports,
      DatabaseBackedPagingProvider pages,
      JpaStorageSettings settings,
      ISearchParamRegistry parameters,
      IValidationSupport validation) {
    var server = new RestfulServer(system.getContext());
    server.registerProviders(resources.createProviders());
    server.registerProviders(systemOperations, valueSets, exports);
    server.setServerConformanceProvider(
        new JpaCapabilityStatementProvider(server, system, settings, parameters, validation));
    server.setDefaultResponseEncoding(EncodingEnum.JSON);
    pages.setDefaultPageSize(PAGE);
    pages.setMaximumPageSize(PAGE);
    server.setPagingProvider(pages);
    return server;
  }

  /**
   * HAPI takes the next step of a bulk export when its jobs are looked after, once a minute: an export of a few patients
   * would take three. Here they are looked after all the time.
   */
  @Bean(destroyMethod = "shutdownNow")
  ScheduledExecutorService steps(IJobMaintenanceService jobs) {
    var clock = Executors.newSingleThreadScheduledExecutor();
    clock.scheduleWithFixedDelay(() -> step(jobs), STEP_MS, STEP_MS, TimeUnit.MILLISECONDS);
    return clock;
  }

  private static void step(IJobMaintenanceService jobs) {
    try {
      jobs.runMaintenancePass();
    } catch (RuntimeException lost) { // two passes met, or the store is closing: the next pass does it
      LoggerFactory.getLogger(FhirServer.class).info("a pass over the jobs was lost", lost);
    }
  }
}
