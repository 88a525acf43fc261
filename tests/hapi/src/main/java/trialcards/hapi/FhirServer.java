package trialcards.hapi;

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
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** The REST API over the store: all R4 resources, transactions and the terminology operations. */
@Configuration
@Import(Storage.class)
public class FhirServer {
  /**
   * So few that a chart of ordinary length comes in several pages, whatever {@code _count} asks for. Measurements start
   * the server with {@code -Dtrialcards.page}.
   */
  private static final int PAGE = Integer.getInteger("trialcards.page", 10);

  @Bean
  RestfulServer restfulServer(
      IFhirSystemDao<?, ?> system,
      IJpaSystemProvider systemOperations,
      ResourceProviderFactory resources,
      ValueSetOperationProvider valueSets,
      DatabaseBackedPagingProvider pages,
      JpaStorageSettings settings,
      ISearchParamRegistry parameters,
      IValidationSupport validation) {
    var server = new RestfulServer(system.getContext());
    server.registerProviders(resources.createProviders());
    server.registerProviders(systemOperations, valueSets);
    server.setServerConformanceProvider(
        new JpaCapabilityStatementProvider(server, system, settings, parameters, validation));
    server.setDefaultResponseEncoding(EncodingEnum.JSON);
    pages.setDefaultPageSize(PAGE);
    pages.setMaximumPageSize(PAGE);
    server.setPagingProvider(pages);
    return server;
  }
}
