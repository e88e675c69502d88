# What the runbooks' commands use, for bash and zsh. In the project's folder:
#     . docs/runbooks/shell.sh prod
# The Region is that of the stage's settings. It changes nothing on AWS. HOURS=24 before a command makes it look further back than 3 hours.

STAGE=${1:-prod}
AWS_REGION=$(.venv/bin/python -c '
import sys
from infrastructure.settings import settings_of
try:
    print(settings_of(sys.argv[1]).region)
except ValueError as error:
    sys.exit(f"{error}; of the local run ask by --local, without this file")
' "$STAGE") || { unset STAGE STACK AWS_REGION; return 1; }
STACK=food-delivery-orders-$STAGE
export AWS_REGION AWS_DEFAULT_REGION=$AWS_REGION AWS_PAGER=

# output NAME: an output of the stack, such as OrdersTable
output() {
  aws cloudformation describe-stacks --stack-name "$STACK" --output text \
    --query "Stacks[0].Outputs[?OutputKey=='$1'].OutputValue"
}

# log_group FUNCTION|access|pipe: the log group of a function (CreateOrder, NotifyPartner …)
log_group() {
  case $1 in
    pipe) echo "/aws/vendedlogs/pipes/$STACK-order-changes" ;;
    access)
      aws apigateway get-stage --rest-api-id "$(output RestApiId)" --stage-name v1 --output text \
        --query accessLogSettings.destinationArn | sed 's/.*:log-group://; s/:\*$//' ;;
    *)
      aws lambda get-function-configuration --function-name "$(output "$1Function")" \
        --query LoggingConfig.LogGroup --output text ;;
  esac
}

began() { echo $(($(date +%s) - ${HOURS:-3} * 3600)); }

# insights FUNCTION|access|pipe QUERY: ask CloudWatch Logs Insights, one row a line
insights() {
  _id=$(aws logs start-query --log-group-names "$(log_group "$1")" --query-string "$2" \
    --start-time "$(began)" --end-time "$(date +%s)" \
    --query queryId --output text) || return
  while _state=$(aws logs get-query-results --query-id "$_id" --query status --output text); do
    case $_state in Scheduled|Running) sleep 1 ;; *) break ;; esac
  done
  aws logs get-query-results --query-id "$_id" --query "results[*][?field!='@ptr'].value" --output text
}

# metric NAMESPACE NAME STATISTIC Name=…,Value=… …: a value for every five minutes
metric() {
  _namespace=$1 _name=$2 _statistic=$3
  shift 3
  aws cloudwatch get-metric-statistics --namespace "$_namespace" --metric-name "$_name" \
    --statistics "$_statistic" --dimensions "$@" --period 300 \
    --start-time "$(began)" --end-time "$(date +%s)" --output text \
    --query "sort_by(Datapoints,&Timestamp)[].[Timestamp,$_statistic]"
}

# own_metric NAME STATISTIC: the same of a metric that our code counts, of this stage
own_metric() {
  metric FoodDelivery/Orders "$1" "$2" Name=service,Value=orders "Name=stage,Value=$STAGE"
}

# order ID: an order as it stands in the table
order() {
  aws dynamodb query --table-name "$(output OrdersTable)" --consistent-read --output json \
    --key-condition-expression 'orderId = :id' --query 'Items[0]' \
    --expression-attribute-values "{\":id\":{\"S\":\"$1\"}}"
}

# tell_again ID: publish an order's present state once more, as the pipe would have
tell_again() {
  _order=$(order "$1") && [ "$_order" != null ] || { echo "There is no order $1." >&2; return 1; }
  aws sns publish --topic-arn "$(output OrderChangesTopic)" --query MessageId --output text \
    --message "{\"eventName\":\"MODIFY\",\"dynamodb\":{\"ApproximateCreationDateTime\":$(date +%s),\"NewImage\":$_order}}"
}
